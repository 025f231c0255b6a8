"""Finds engine processes that hang.

It counts its own looks instead of time: while a machine is suspended or stalled, no look happens, and no call gets
overdue.
"""

import threading
from collections.abc import Callable, Sequence

from worker.inference.call_record import RunningCall
from worker.inference.engine_handle import EngineHandle

LOOK_EVERY_S = 0.5
# A process that owes an answer begins a call at once, unless it first imports torch.
IDLE_TIMEOUT_S = 30.0


_OWING = "no call"


class HangWatch:
    """Watches one process. Call `look` every LOOK_EVERY_S."""

    def __init__(self, handle: EngineHandle, *, start_timeout_s: float) -> None:
        self._handle = handle
        self._start_timeout_s = start_timeout_s
        self._looks = self._first_look = 0
        self._seen: int | str | None = None

    def look(self) -> tuple[bool, RunningCall | None]:
        """Return whether the process hangs, and the call in which it hangs, if it is one."""
        self._looks += 1
        if not self._handle.has_reported:
            return self._looks * LOOK_EVERY_S > self._start_timeout_s, None
        call = self._handle.running
        seen = call.number if call else _OWING if self._handle.owes_answers else None
        if seen is None or seen != self._seen:
            self._seen, self._first_look = seen, self._looks
            return False, None
        watched_s = (self._looks - self._first_look) * LOOK_EVERY_S
        return watched_s > (call.timeout_s if call else IDLE_TIMEOUT_S), call


class HangWatcher:
    """A thread that kills processes that hang. The heartbeat could not: it waits while the database does not answer.

    `handles` returns the running processes. It must not wait for a lock, because its holder may wait for a process.
    """

    def __init__(self, handles: Callable[[], Sequence[EngineHandle]], *, start_timeout_s: float) -> None:
        self._handles = handles
        self._start_timeout_s = start_timeout_s
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()

    def _run(self) -> None:
        watches: dict[EngineHandle, HangWatch] = {}
        while not self._closing.wait(LOOK_EVERY_S):
            watches = {one: watches.get(one) or self._watch(one) for one in self._handles()}
            for handle, watch in watches.items():
                hangs, call = watch.look()
                if hangs:
                    handle.kill_hung(call)

    def _watch(self, handle: EngineHandle) -> HangWatch:
        return HangWatch(handle, start_timeout_s=self._start_timeout_s)
