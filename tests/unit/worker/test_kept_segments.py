"""Finished segments of a long text are kept in the store, and the next attempt speaks only the rest."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
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
    """One attempt at a text, whose segments take as long as the time between two files."""

    runner: PipelineRunner
    part: ClaimedPart
    store: Store
    is_held: bool = True
    engine: ToneEngine = field(default_factory=ToneEngine)
    rows: list[KeptAudio] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept = KeptSegments(
            self.part,
            store=self.store,
            data_dir=self.runner.data_dir,
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

    def create(number: int = 1, *, store: Store | None = None, text: str = TEXT, **changes: Any) -> Attempt:
        part = claimed_part(text, job_id=job_id, attempt=number, **changes)
        return Attempt(runner, part, store or runner.store)

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


def test_a_short_text_keeps_nothing(runner: PipelineRunner, attempt: Callable[..., Attempt]) -> None:
    short = attempt(text=TEXT[: MIN_CHARS - 1])
    result = short.run()
    assert short.rows == []
    assert keys_of(runner.store) == {result.key}


def test_a_short_attempt_keeps_nothing(runner: PipelineRunner, attempt: Callable[..., Attempt]) -> None:
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
