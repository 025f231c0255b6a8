"""Runs parts that may have killed a worker beside all others. At most one of them is not acquitted yet.

If the worker dies again, that one is the suspect, and the others are not charged (`common/jobs/sweep.py`). A part that
is acquitted goes on, each on a thread of its own, and the next one begins.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock, Thread, current_thread
from time import monotonic

from common.logs import get_logger

log = get_logger(__name__)

# The sweep publishes the message of a part again that found no place here.
MAX_WAITING = 32


@dataclass(frozen=True, slots=True)
class _Waiting:
    lane: str
    work: Callable[[], None]


class IsolatedParts:
    """`slots`: how many parts of each lane run at once, acquitted ones included."""

    def __init__(self, slots: Mapping[str, int]) -> None:
        self._slots = slots
        self._lock = Lock()
        # By the id of the part: a message may arrive twice.
        self._waiting: dict[str, _Waiting] = {}
        # The lane of the part that each thread runs.
        self._threads: dict[Thread, str] = {}
        # The thread whose part is not acquitted.
        self._suspect: Thread | None = None
        self._closed = False

    def add(self, part_id: str, work: Callable[[], None], *, lane: str) -> None:
        """Run `work` after the parts of its lane that were added before. Drop it if too many wait, or after `close`."""
        with self._lock:
            if self._closed or part_id in self._waiting or len(self._waiting) >= MAX_WAITING:
                return
            self._waiting[part_id] = _Waiting(lane, work)
            self._start_next()

    def acquit(self) -> None:
        """The part of this thread is not the suspect any more: the next one may begin."""
        with self._lock:
            self._clear_suspect()
            self._start_next()

    def close(self) -> None:
        """Drop the parts that wait. Those that run end by themselves."""
        with self._lock:
            self._closed = True
            self._waiting.clear()

    def join(self, *, timeout_s: float) -> None:
        """After `close`: wait for the parts that run, up to `timeout_s` in all."""
        deadline = monotonic() + timeout_s
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))

    def _start_next(self) -> None:
        part_id = None if self._suspect else self._first_with_slot()
        if part_id is None:
            return
        waiting = self._waiting.pop(part_id)
        thread = Thread(target=self._run, args=(waiting.work,), name="isolated", daemon=True)
        thread.start()
        self._suspect = thread
        self._threads[thread] = waiting.lane

    def _first_with_slot(self) -> str | None:
        running = Counter(self._threads.values())
        ready = (
            part_id for part_id, one in self._waiting.items() if running[one.lane] < self._slots[one.lane]
        )
        return next(ready, None)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # the next part must run
            log.exception("an isolated part failed")
        finally:
            with self._lock:
                del self._threads[current_thread()]
                self._clear_suspect()
                self._start_next()

    def _clear_suspect(self) -> None:
        if self._suspect is current_thread():
            self._suspect = None
