"""The bare engine in one process or in two, as fast as it goes: the bound for every server on as many cores."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.pool import Pool

from bench.processes import OTHER, CpuUse
from bench.service import ONE_THREAD
from bench.throughput.contestant import Turn
from bench.throughput.load import Load, combine, speak_for
from bench.throughput.speaker import Speaker
from bench.throughput.texts import new_sentences

_NUMBER_WORDS = {1: "one process", 2: "two processes"}
_speakers: list[Speaker] = []


@dataclass(frozen=True, slots=True)
class BareContestant:
    """Each pool is one process. The processes share the texts of a turn."""

    name: str
    pools: tuple[Pool, ...]

    def run(self, seed: str, *, clients: int, seconds: float) -> Turn:  # noqa: ARG002  # it has no clients
        count = len(self.pools)
        results = [
            pool.apply_async(_speak, (seed, index, count, seconds)) for index, pool in enumerate(self.pools)
        ]
        loads, engine_s, other_s = zip(*(result.get() for result in results), strict=True)
        return Turn(combine(list(loads)), CpuUse(sum(engine_s), {OTHER: sum(other_s)}), 0.0)


@contextmanager
def run_bare(counts: tuple[int, ...]) -> Iterator[list[BareContestant]]:
    """Start one bare engine or more; yield a contestant for each number of processes in `counts`."""
    os.environ.update(ONE_THREAD)
    spawning = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pools = [stack.enter_context(spawning.Pool(1, _load)) for _ in range(max(counts))]
        yield [
            BareContestant(f"bare engine, {_NUMBER_WORDS[count]}", tuple(pools[:count])) for count in counts
        ]


def _load() -> None:
    _speakers.append(Speaker())


def _speak(seed: str, index: int, count: int, seconds: float) -> tuple[Load, float, float]:
    """Speak every `count`-th text. Return the load and the CPU seconds of this thread and of other threads."""
    texts = islice(new_sentences(f"{seed} "), index, None, count)
    process_before_s, thread_before_s = time.process_time(), time.thread_time()
    load = speak_for(_speak_text, texts, seconds=seconds)
    thread_s = time.thread_time() - thread_before_s
    return load, thread_s, time.process_time() - process_before_s - thread_s


def _speak_text(text: str) -> float:
    speech = _speakers[0].speak(text)
    return len(speech.samples) / speech.sample_rate_hz
