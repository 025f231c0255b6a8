"""An engine for tests whose behaviour is set by markers in the text.

- `[[slow:0.5]]` sleeps that many seconds per call.
- `[[fail]]` always fails. `[[flaky:N]]` fails with a retryable error the first N times that it gets the text.
- `[[hang]]` never returns. `[[spin]]` never returns and holds the interpreter lock.
- `[[segv]]` ends the process. `[[die:N]]` ends it the first N times.
- `[[parent]]` kills the worker.
- `[[silence]]` returns no samples. `[[flood:N]]` returns N seconds of sound.
- `[[leak:N]]` keeps N megabytes of memory for ever.
- `[[oom:N]]` runs out of memory in batches of more than N; `[[crowded]]`, while another fake model is loaded.
- `[[lost]]` loses the device.
- `[[at_most:N]]` refuses more than N characters as too long.

Counters are files, so that they survive the process. The file `{name}.load` in the engine's folder says what loading
does: `fail`, `hang`, or a number of seconds to sleep.
"""

import ctypes
import hashlib
import os
import re
import signal
import threading
import time
import uuid
from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np

from worker.engines.protocol import (
    ANY_VOICE,
    DeviceLost,
    EngineError,
    OutOfMemory,
    Speech,
    TooLong,
    Utterance,
)
from worker.engines.samples import make_tone

_SAMPLE_RATE_HZ = 24_000
_SECONDS_PER_WORD = 0.05
_MARKER = re.compile(r"\[\[(\w+)(?::([\d.]+))?\]\]")
# The memory that a loaded fake model reports.
MEMORY_BYTES = 10_000_000
_LOADED: set["FakeEngine"] = set()
_LEAKED: list[bytes] = []


class FakeEngine:
    alias: str = "fake"
    max_chars: int = 300
    native_speed: tuple[float, float] | None = None
    takes_phonemes: bool = False
    timeout_factor: float = 1.0
    pinned: bool = False

    def __init__(self, *, folder: Path, name: str = "fake", max_batch: int = 4) -> None:
        self.max_batch: int = max_batch
        self._folder = folder
        self._name = name

    def load(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        behaviour_file = self._folder / f"{self._name}.load"
        behaviour = behaviour_file.read_text().strip() if behaviour_file.exists() else "0"
        if behaviour == "fail":
            raise EngineError("model_broken", "The fake model is broken on request.")
        if behaviour == "hang":
            threading.Event().wait()
        time.sleep(float(behaviour))
        _append(self._folder / "loads.log", f"{self._name}\n")
        _LOADED.add(self)

    def memory_bytes(self) -> int:
        return MEMORY_BYTES

    def voices(self) -> tuple[str, ...]:
        return (ANY_VOICE,)

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        self._log_call(batch)
        _sleep(batch)
        self._raise_limits(batch)
        for utterance in batch:
            self._apply_markers(utterance.text, alone=len(batch) == 1)
        return [_speak(utterance.text) for utterance in batch]

    def batch_key(self, utterance: Utterance) -> Hashable:
        return utterance.voice

    def close(self) -> None:
        _LOADED.discard(self)

    def _raise_limits(self, batch: Sequence[Utterance]) -> None:
        """Raise OutOfMemory, DeviceLost or TooLong if a marker asks for it."""
        for markers in (_markers(utterance.text) for utterance in batch):
            if len(batch) > int(markers.get("oom", len(batch))):
                raise OutOfMemory(self.alias)
            if "crowded" in markers and {self} != _LOADED:
                raise OutOfMemory(self.alias)
            if "lost" in markers:
                raise DeviceLost(self.alias)
        if any(len(u.text) > int(_markers(u.text).get("at_most", len(u.text))) for u in batch):
            raise TooLong(self.alias)

    def _log_call(self, batch: Sequence[Utterance]) -> None:
        """Write one line per text: the id of the call and the sha256 of the text."""
        call_id = uuid.uuid4().hex
        _append(self._folder / "calls.log", "".join(f"{call_id} {_digest(u.text)}\n" for u in batch))

    def _apply_markers(self, text: str, *, alone: bool) -> None:
        markers = _markers(text)
        if "die" in markers and self._count(text, marker="die") <= int(markers["die"]):
            _die(signal.SIGKILL)
        if "segv" in markers:
            _die(signal.SIGSEGV)
        if "parent" in markers:
            os.kill(os.getppid(), signal.SIGKILL)
            threading.Event().wait()
        if "leak" in markers:
            _LEAKED.append(b"x" * int(float(markers["leak"]) * 1e6))
        if "spin" in markers:
            _hold_interpreter_lock()
        if "hang" in markers:
            threading.Event().wait()
        if "fail" in markers:
            raise EngineError("engine_failed", "The fake engine fails on request.")
        if "flaky" in markers:
            self._fail_first_times(text, times=int(markers["flaky"]), alone=alone)

    def _fail_first_times(self, text: str, *, times: int, alone: bool) -> None:
        # The batcher repeats a failed batch one by one. Only these calls count, or batching would use them up.
        times_seen = self._count(text, marker="flaky") if alone else self._count_so_far(text, "flaky") + 1
        if times_seen <= times:
            raise EngineError("engine_failed", "The fake engine fails at first, on request.", retryable=True)

    def _count(self, text: str, *, marker: str) -> int:
        return _append(self._counter_file(text, marker), "x")

    def _count_so_far(self, text: str, marker: str) -> int:
        counter = self._counter_file(text, marker)
        return counter.stat().st_size if counter.exists() else 0

    def _counter_file(self, text: str, marker: str) -> Path:
        return self._folder / f"{_digest(text)}.{marker}"


def _append(path: Path, line: str) -> int:
    """Append in a single write and return the offset after it, which no other process gets."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode())
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    finally:
        os.close(descriptor)


def _sleep(batch: Sequence[Utterance]) -> None:
    time.sleep(max(float(_markers(u.text).get("slow", "0")) for u in batch))


def _die(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    # Another thread may get the signal, a moment later.
    threading.Event().wait()


def _hold_interpreter_lock() -> None:
    # Unlike CDLL, PyDLL does not release the interpreter lock during the call.
    libc = ctypes.PyDLL(None)
    while True:
        libc.sleep(1_000_000)


def _speak(text: str) -> Speech:
    markers = _markers(text)
    if "silence" in markers:
        return Speech(np.zeros(0, np.float32), _SAMPLE_RATE_HZ)
    frequency_hz = 200 + int(_digest(text)[:8], 16) % 600
    duration_s = float(markers.get("flood", _SECONDS_PER_WORD * max(1, len(text.split()))))
    return make_tone(frequency_hz, duration_s=duration_s, sample_rate_hz=_SAMPLE_RATE_HZ)


def _markers(text: str) -> dict[str, str]:
    return {found[1]: found[2] or "1" for found in _MARKER.finditer(text)}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
