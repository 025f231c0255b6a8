"""The thread that renews leases, announces this worker and frees memory."""

import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from common.logs import get_logger
from worker.host.memory import release_memory
from worker.runtime.announcer import Announcer
from worker.runtime.idle_memory import IdleMemory
from worker.runtime.leases import Leases
from worker.runtime.watchdog import Watchdog

log = get_logger(__name__)

TICK_S = 0.5
ANNOUNCE_EVERY_S = 10.0
RETRY_S = 1.0


class Heartbeat:
    """`on_tick` is called every TICK_S."""

    def __init__(
        self,
        *,
        leases: Leases,
        announcer: Announcer,
        idle_memory: IdleMemory,
        watchdog: Watchdog,
        on_tick: Callable[[], None],
    ) -> None:
        self._on_tick = on_tick
        self._announcer = announcer
        self._idle_memory = idle_memory
        self._watchdog = watchdog
        self._renewal = _PeriodicTask("leases", leases.lease_s / 3, leases.renew)
        # The sweep takes a worker for dead that has announced nothing for the time of a lease.
        announce_every_s = min(ANNOUNCE_EVERY_S, leases.lease_s / 3)
        self._announcement = _PeriodicTask("announcement", announce_every_s, self._announce)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._watchdog.arm()
        release_memory()
        self._announcer.start()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._watchdog.disarm()
        self._thread.join(2 * TICK_S)
        self._watchdog.disarm()
        self._announcer.stop(timeout_s=2 * TICK_S)

    def _run(self) -> None:
        while not self._stop.wait(TICK_S):
            try:
                self._tick()
            except Exception:
                # The thread must go on, otherwise all leases run out.
                log.exception("unexpected failure")

    def _tick(self) -> None:
        self._watchdog.arm()
        self._on_tick()
        self._renewal.run_if_due()
        self._announcement.run_if_due()
        self._idle_memory.release_in_pause()
        if self._announcer.is_outdated:
            self._announcement.run_soon()

    def _announce(self) -> None:
        self._announcer.touch_alive_file()
        self._announcer.announce()


class _PeriodicTask:
    """An action that is due every `every_s` seconds, and again after RETRY_S when the database does not answer."""

    def __init__(self, name: str, every_s: float, action: Callable[[], None]) -> None:
        self._name = name
        self._every_s = every_s
        self._action = action
        self._due_at = time.monotonic() + every_s

    def run_soon(self) -> None:
        self._due_at = 0.0

    def run_if_due(self) -> None:
        """Run the action if it is due. Database errors are logged, others are raised."""
        now = time.monotonic()
        if now < self._due_at:
            return
        self._due_at = now + RETRY_S
        try:
            self._action()
        except SQLAlchemyError as error:
            log.warning("database does not answer", chore=self._name, error=type(error).__name__)
        else:
            self._due_at = now + self._every_s
