"""Finds calls that take far longer than expected, long before their time limit.

A process in such a call gets no more work, and gives back what waits in it. A spare process does its work if there is
room for one. Expected is the time per character that the last calls of the same weights took.
"""

import time
from collections.abc import Callable

from worker.host.memory import available_bytes, memory_bytes
from worker.inference.engine_handle import EngineHandle, PendingSpeech

# A call is slow beyond this, and beyond so many times its expected time.
SLOW_AFTER_S = 5.0
_TIMES_EXPECTED = 10.0
# The weight of the newest call in the average.
_NEWEST = 0.2
# A spare process must leave as much memory as it takes.
_ROOM = 2


class SlowCalls:
    """Not thread-safe: the pool holds its lock."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._s_per_char: dict[str, float] = {}
        # When each process got work while it was idle, or answered last.
        self._busy_since: dict[EngineHandle, float] = {}

    def note_handed_out(self, handle: EngineHandle) -> None:
        if len(handle.outstanding) == 1:
            self._busy_since[handle] = self._clock()

    def note_spoken(self, handle: EngineHandle, request: PendingSpeech) -> None:
        """Measure a call by its first answer. A batch counts as the text of this answer alone, so as slower."""
        now = self._clock()
        took_s = (now - self._busy_since.get(handle, now)) / max(1, len(request.utterance.text))
        self._busy_since[handle] = now
        average = self._s_per_char.get(request.weights, took_s)
        self._s_per_char[request.weights] = average + _NEWEST * (took_s - average)

    def forget(self, handle: EngineHandle) -> None:
        self._busy_since.pop(handle, None)

    def is_slow(self, handle: EngineHandle) -> bool:
        """False while a model is loaded, and for weights that have never been spoken."""
        call = handle.running
        if call is None:
            return False
        expected_s = 0.0
        for number in call.request_ids:
            request = handle.outstanding.get(number)
            if (
                request is None
                or request.weights not in self._s_per_char
                or not handle.has_loaded(request.weights)
            ):
                return False
            expected_s += self._s_per_char[request.weights] * len(request.utterance.text)
        return self._clock() - call.began_at > max(SLOW_AFTER_S, _TIMES_EXPECTED * expected_s)

    def take_waiting(self, handle: EngineHandle) -> list[PendingSpeech]:
        """Take what waits in a process behind its running call."""
        call = handle.running
        spoken = call.request_ids if call else ()
        waiting = [request for number, request in handle.outstanding.items() if number not in spoken]
        for request in waiting:
            del handle.outstanding[request.id]
        return waiting


def has_room_beside(handle: EngineHandle) -> bool:
    """Whether there is memory for another process like this one. False if the system does not tell."""
    held_bytes, free_bytes = memory_bytes(handle.pid), available_bytes()
    return held_bytes > 0 and free_bytes is not None and free_bytes > _ROOM * held_bytes
