"""Clients that each send one text after the other, as threads of this process."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass

_WAV_HEADER_BYTES = 44
_BYTES_PER_S = 48_000

# Has a text spoken, and returns the duration of the audio in seconds.
Speak = Callable[[str], float]
OpenClient = Callable[[], AbstractContextManager[Speak]]


@dataclass(frozen=True, slots=True)
class Load:
    """What was spoken in `elapsed_s` seconds, which last until the last text was answered."""

    elapsed_s: float
    texts: int
    chars: int
    audio_s: float


def run_clients(open_client: OpenClient, texts: Iterator[str], *, clients: int, seconds: float) -> Load:
    """Keep `clients` texts under way for `seconds`, then wait for the last answers."""
    shared_texts = SharedIterator(texts)
    start = threading.Barrier(clients)

    def run_client() -> Load:
        with open_client() as speak:
            start.wait()
            return speak_for(speak, shared_texts, seconds=seconds)

    with ThreadPoolExecutor(clients) as pool:
        futures = [pool.submit(run_client) for _ in range(clients)]
        return combine([future.result() for future in futures])


def speak_for(speak: Speak, texts: Iterator[str], *, seconds: float) -> Load:
    started = time.perf_counter()
    count, chars, audio_s = 0, 0, 0.0
    while time.perf_counter() < started + seconds:
        text = next(texts)
        audio_s += speak(text)
        count, chars = count + 1, chars + len(text)
    return Load(time.perf_counter() - started, count, chars, audio_s)


def combine(loads: list[Load]) -> Load:
    """Return the sum of loads that began at the same time."""
    return Load(
        max(load.elapsed_s for load in loads),
        sum(load.texts for load in loads),
        sum(load.chars for load in loads),
        sum(load.audio_s for load in loads),
    )


class SharedIterator:
    """An iterator for several threads."""

    def __init__(self, values: Iterator[str]) -> None:
        self._values = values
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        with self._lock:
            return next(self._values)


def duration_s(wav: bytes) -> float:
    """Return the duration of a WAV file with one channel of 16 bits at 24 kHz."""
    return (len(wav) - _WAV_HEADER_BYTES) / _BYTES_PER_S
