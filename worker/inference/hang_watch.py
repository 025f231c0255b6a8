"""Finds engine processes that hang.

It counts its own looks instead of time: while a machine is suspended or stalled, no look happens, and no call gets
overdue.
"""

from worker.inference.call_record import RunningCall
from worker.inference.engine_handle import EngineHandle

LOOK_EVERY_S = 0.5


class HangWatch:
    """Watches one process. Call `look` every LOOK_EVERY_S."""

    def __init__(self, handle: EngineHandle, *, start_timeout_s: float) -> None:
        self._handle = handle
        self._start_timeout_s = start_timeout_s
        self._looks = self._first_look = 0
        self._call_number: int | None = None

    def look(self) -> tuple[bool, RunningCall | None]:
        """Return whether the process hangs, and the call in which it hangs, if it is one."""
        self._looks += 1
        if not self._handle.has_reported:
            return self._looks * LOOK_EVERY_S > self._start_timeout_s, None
        call = self._handle.running
        if call is None or call.number != self._call_number:
            self._call_number, self._first_look = (call.number if call else None), self._looks
            return False, None
        watched_s = (self._looks - self._first_look) * LOOK_EVERY_S
        return watched_s > call.timeout_s, call
