"""Finished segments are kept on the machine and those of a long text in the store. Other attempts speak the rest."""

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, Any

import pytest

from common.jobs.kept_audio import NOTHING_KEPT, KeptAudio
from common.jobs.lease import ClaimedPart, SynthesisResult
from common.settings import Settings
from common.store import StorageFull, Store, StoreUnavailable
from tests.support.claimed_parts import claimed_part
from tests.support.pipeline_runner import PipelineRunner, ToneEngine, open_pipeline_runner
from worker.synthesis.callbacks import SynthesisStopped
from worker.synthesis.kept_segments import KEEP_EVERY_S, MIN_CHARS, KeptSegments
from worker.synthesis.local_segments import delete_old

WORDS = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
)
SENTENCES = [
    f"This is sentence {word} of {other}, in a text that is long enough to be kept."
    for word in WORDS
    for other in WORDS[:2]
]
TEXT = "\n\n".join(SENTENCES)


@pytest.fixture
def runner(settings: Settings) -> Iterator[PipelineRunner]:
    with open_pipeline_runner(settings) as opened:
        yield opened


@dataclass
class Attempt:
    """One attempt at a text, whose segments take as long as the time between two files.

    `machine`: the name of its data folder. None for a machine of its own.
    """

    runner: PipelineRunner
    part: ClaimedPart
    store: Store
    machine: str | None = None
    is_held: bool = True
    engine: ToneEngine = field(default_factory=ToneEngine)
    rows: list[KeptAudio] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept = KeptSegments(
            self.part,
            store=self.store,
            data_dir=self.runner.data_dir / (self.machine or str(self.part.attempt)),
            write=self._write,
            clock=count(step=KEEP_EVERY_S).__next__,
        )

    def run(self) -> SynthesisResult:
        return self.runner.speak(self.part, self.engine, kept=self.kept)

    def stop_after(self, segments: int) -> None:
        def check() -> None:
            if len(self.engine.spoken) == segments:
                raise SynthesisStopped

        with pytest.raises(SynthesisStopped):
            self.runner.speak(self.part, self.engine, kept=self.kept, check=check)

    @property
    def spoken(self) -> list[str]:
        return [one.text for one in self.engine.spoken]

    def _write(self, kept: KeptAudio) -> bool:
        self.rows.append(kept)
        return self.is_held


class StoreFailingFor(Store):
    """Raises an error for the files of kept segments, from a number on."""

    def __init__(self, url: str, error: OSError, *, first: int) -> None:
        super().__init__(url)
        self._error = error
        self._first = first

    def put(self, key: str, source: IO[bytes], *, durable: bool = True) -> int:
        _, _, number = key.rpartition(".k")
        if number.isdigit() and int(number) >= self._first:
            raise self._error
        return super().put(key, source, durable=durable)


@pytest.fixture
def attempt(runner: PipelineRunner) -> Callable[..., Attempt]:
    job_id = claimed_part("").job.id

    def create(
        number: int = 1,
        *,
        store: Store | None = None,
        text: str = TEXT,
        machine: str | None = None,
        **changes: Any,
    ) -> Attempt:
        part = claimed_part(text, job_id=job_id, attempt=number, **changes)
        return Attempt(runner, part, store or runner.store, machine)

    return create


def keys_of(store: Store) -> set[str]:
    return {key for key, _changed_at, _size in store.keys()}  # noqa: SIM118  # not a dict


def test_the_next_attempt_speaks_only_the_rest(
    runner: PipelineRunner, attempt: Callable[..., Attempt]
) -> None:
    first = attempt(1)
    first.stop_after(8)
    second = attempt(2, kept_audio=first.rows[-1])
    second.stop_after(5)
    third = attempt(3, kept_audio=second.rows[-1])
    result = third.run()
    assert first.spoken + second.spoken + third.spoken == SENTENCES
    assert result.segments == len(SENTENCES)
    uninterrupted = attempt(4).run()
    assert (result.sha256, result.captions) == (uninterrupted.sha256, uninterrupted.captions)


def test_deleting_removes_the_files_of_all_attempts(
    runner: PipelineRunner, attempt: Callable[..., Attempt]
) -> None:
    first = attempt(1)
    first.stop_after(4)
    second = attempt(2, kept_audio=first.rows[-1])
    second.stop_after(4)
    assert len(keys_of(runner.store)) == 8
    second.kept.delete()
    assert keys_of(runner.store) == set()


def test_segments_of_unusable_files_are_spoken_again(
    runner: PipelineRunner, attempt: Callable[..., Attempt]
) -> None:
    first = attempt(1)
    first.stop_after(6)
    missing, cut, damaged = first.rows[-1].keys(first.part.job.id)[1:4]
    runner.store.delete([missing])
    runner.store.put(cut, io.BytesIO(b"".join(runner.store.read(cut))[:-1]))
    runner.store.put(damaged, io.BytesIO(b"\x00 not a header\n"))
    second = attempt(2, kept_audio=first.rows[-1])
    assert second.run().segments == len(SENTENCES)
    assert second.spoken == SENTENCES[1:4] + SENTENCES[6:]


def test_another_recipe_speaks_everything_again(attempt: Callable[..., Attempt]) -> None:
    first = attempt(1)
    first.stop_after(6)
    second = attempt(2, kept_audio=first.rows[-1], seed=99)
    second.run()
    assert second.spoken == SENTENCES
    assert list(second.rows[-1].file_counts) == [2]


def test_another_split_speaks_only_what_is_different(attempt: Callable[..., Attempt]) -> None:
    halves = [f"{SENTENCES[0][:-1]},", "and it goes on for so long that it can be split."]
    text = f"{TEXT}\n\n{' '.join(halves)}"
    first = attempt(1, text=text)
    first.run()
    second = attempt(2, text=text, kept_audio=first.rows[-1])
    second.engine.max_chars = 100
    second.run()
    assert second.spoken == halves


def test_nothing_of_a_short_text_is_stored(runner: PipelineRunner, attempt: Callable[..., Attempt]) -> None:
    short = attempt(text=TEXT[: MIN_CHARS - 1])
    result = short.run()
    assert short.rows == []
    assert keys_of(runner.store) == {result.key}


def test_a_short_attempt_stores_nothing(runner: PipelineRunner, attempt: Callable[..., Attempt]) -> None:
    quick = attempt()
    quick.kept._clock = lambda: 0.0
    result = quick.run()
    assert quick.rows == []
    assert keys_of(runner.store) == {result.key}


def test_what_is_left_is_stored_only_if_the_attempt_was_long(attempt: Callable[..., Attempt]) -> None:
    one, other = attempt(1), attempt(2)
    one.kept._clock = lambda: 0.0
    one.stop_after(6)
    one.kept.end_attempt()
    assert one.rows == []
    other.stop_after(3)
    other.kept._clock = lambda: 0.0
    other.stop_after(6)
    other.kept.end_attempt()
    assert other.rows[-1].file_counts == {2: 4}


def test_a_lost_lease_leaves_no_file(runner: PipelineRunner, attempt: Callable[..., Attempt]) -> None:
    lost = attempt()
    lost.is_held = False
    lost.stop_after(4)
    assert len(lost.rows) == 4
    assert keys_of(runner.store) == set()


def test_a_store_that_fails_costs_no_job(runner: PipelineRunner, attempt: Callable[..., Attempt]) -> None:
    store = StoreFailingFor(runner.store_url, StoreUnavailable("away"), first=3)
    first = attempt(1, store=store)
    first.run()
    assert first.rows[-1].file_counts == {1: 3}
    second = attempt(2, kept_audio=first.rows[-1])
    second.run()
    assert second.spoken == SENTENCES[3:]


def test_a_full_store_gets_its_space_back(runner: PipelineRunner, attempt: Callable[..., Attempt]) -> None:
    store = StoreFailingFor(runner.store_url, StorageFull("full"), first=3)
    full = attempt(1, store=store)
    result = full.run()
    assert full.rows[-1] == NOTHING_KEPT
    assert keys_of(runner.store) == {result.key}


SHORT_SENTENCES = SENTENCES[:4]
SHORT_TEXT = "\n\n".join(SHORT_SENTENCES)


def test_the_next_attempt_on_the_same_machine_speaks_only_the_rest_of_a_short_text(
    runner: PipelineRunner, attempt: Callable[..., Attempt]
) -> None:
    first = attempt(1, text=SHORT_TEXT, machine="same")
    first.stop_after(2)
    second = attempt(2, text=SHORT_TEXT, machine="same")
    second.stop_after(1)
    third = attempt(3, text=SHORT_TEXT, machine="same")
    result = third.run()
    assert first.spoken + second.spoken + third.spoken == SHORT_SENTENCES
    uninterrupted = attempt(4, text=SHORT_TEXT).run()
    assert (result.sha256, result.captions) == (uninterrupted.sha256, uninterrupted.captions)


def test_segments_of_the_machine_fill_the_gap_behind_those_of_the_store(
    attempt: Callable[..., Attempt],
) -> None:
    first = attempt(1, machine="same")
    time_s = count(step=KEEP_EVERY_S)
    first.kept._clock = lambda: next(time_s) if len(first.engine.spoken) <= 6 else 0.0
    first.stop_after(9)
    second = attempt(2, kept_audio=first.rows[-1], machine="same")
    second.run()
    assert second.spoken == SENTENCES[9:]
    elsewhere = attempt(2, kept_audio=first.rows[-1])
    elsewhere.run()
    assert len(second.spoken) < len(elsewhere.spoken) < len(SENTENCES)


def test_a_segment_that_was_cut_off_is_spoken_again(
    runner: PipelineRunner, attempt: Callable[..., Attempt]
) -> None:
    attempt(1, text=SHORT_TEXT, machine="same").stop_after(3)
    (path,) = local_files(runner)
    path.write_bytes(path.read_bytes()[:-1])
    second = attempt(2, text=SHORT_TEXT, machine="same")
    second.run()
    assert second.spoken == SHORT_SENTENCES[2:]


def test_files_of_the_machine_are_deleted_with_the_others(
    runner: PipelineRunner, attempt: Callable[..., Attempt]
) -> None:
    attempt(1, text=SHORT_TEXT, machine="same").stop_after(2)
    second = attempt(2, text=SHORT_TEXT, machine="same")
    second.run()
    assert len(local_files(runner)) == 2
    second.kept.delete()
    assert local_files(runner) == []


def test_one_segment_is_not_kept(runner: PipelineRunner, attempt: Callable[..., Attempt]) -> None:
    attempt(1, text=SHORT_SENTENCES[0], machine="same").run()
    assert local_files(runner) == []


def test_old_files_of_the_machine_are_deleted(
    runner: PipelineRunner, attempt: Callable[..., Attempt]
) -> None:
    attempt(1, text=SHORT_TEXT, machine="same").stop_after(2)
    attempt(2, text=SHORT_TEXT, machine="same").stop_after(1)
    old, new = local_files(runner)
    os.utime(old, (0, 0))
    delete_old(runner.data_dir / "same")
    assert local_files(runner) == [new]


def local_files(runner: PipelineRunner) -> list[Path]:
    return sorted((runner.data_dir / "same" / "segments").glob("*"))
