"""The thread that keeps this process's promises: leases renewed, presence announced, hung engines ended."""

import contextlib
import ctypes
import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from common import __version__, fleet
from common.database import Database
from common.fleet import Announcement
from common.jobs import lease
from common.settings import Settings
from common.telemetry import get_logger
from worker.batcher import Call
from worker.bells import Bells
from worker.encoding import available_formats
from worker.engines.protocol import EngineError
from worker.leases import Held, Leases
from worker.voicebox import Voicebox

log = get_logger(__name__)

TICK_S = 0.5
ANNOUNCE_EVERY_S = 10.0
# How long waiting tasks get to write down that their engine hung, before the process ends.
LAST_WORDS_S = 3.0
HUNG_EXIT_CODE = 70


class Keeper:
    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        leases: Leases,
        voicebox: Voicebox,
        bells: Bells,
        worker_id: str,
    ) -> None:
        self._settings = settings
        self._database = database
        self._leases = leases
        self._voicebox = voicebox
        self._bells = bells
        self._worker_id = worker_id
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._due: dict[str, float] = {}
        self._calls_seen = self._calls_at_release = 0

    def start(self) -> None:
        """Announce first, so that whoever waits for this worker sees it as soon as it can speak."""
        self._arm()
        release_memory()
        self._announce()
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(2 * TICK_S)
        faulthandler.cancel_dump_traceback_later()
        with self._database.write() as connection:
            fleet.retire(connection, self._worker_id)

    def _run(self) -> None:
        chores = (
            ("leases", self._settings.lease_s / 3, self._renew),
            ("announcement", ANNOUNCE_EVERY_S, self._announce),
        )
        while not self._stop.wait(TICK_S):
            self._arm()
            for name, every_s, chore in chores:
                self._keep(name, every_s, chore)
            self._release_memory()
            if overdue := [call for batcher in self._voicebox.batchers for call in batcher.overdue()]:
                self._end_hung(overdue)

    def _keep(self, name: str, every_s: float, chore: Callable[[], None]) -> None:
        now = time.monotonic()
        if now < self._due.setdefault(name, now + every_s):
            return
        self._due[name] = now + every_s
        try:
            chore()
        except SQLAlchemyError as error:
            # The next try comes soon; until the lease runs out nothing is lost.
            self._due[name] = now + 1.0
            log.warning("database does not answer", chore=name, error=type(error).__name__)

    def _arm(self) -> None:
        """An engine that holds the interpreter stops this thread too: then the process ends from outside of it."""
        faulthandler.dump_traceback_later(1.5 * self._settings.engine_timeout_s, exit=True)

    def _renew(self) -> None:
        held = self._leases.all()
        if not held:
            return
        keys = [(one.claim.part_id, one.claim.attempt) for one in held]
        with self._database.write() as connection:
            gone = lease.renew(connection, keys, lease_s=self._settings.lease_s)
        for one in held:
            if one.claim.part_id in gone:
                one.lost.set()

    def _announce(self) -> None:
        if self._settings.alive_file:
            self._settings.alive_file.touch()
        engines = self._voicebox.described()
        if not engines:  # the ops worker speaks nothing, so it is no answer to "who can speak?"
            return
        announcement = Announcement(
            id=self._worker_id,
            flavour="base",
            version=__version__,
            device="cpu",
            pid=os.getpid(),
            engines=engines,
            formats=available_formats(),
            stats={"engine_calls": self._voicebox.calls(), "memory_bytes": memory_bytes()},
        )
        with self._database.write() as connection:
            fleet.announce(connection, announcement)

    def _release_memory(self) -> None:
        """After work, in a pause: what is given back has to be asked for again, which costs the next call."""
        calls = sum(self._voicebox.calls().values())
        pause = calls == self._calls_seen and not self._leases.all()
        self._calls_seen = calls
        if pause and calls != self._calls_at_release:
            self._calls_at_release = calls
            release_memory()

    def _end_hung(self, overdue: list[Call]) -> None:
        """A thread inside an engine cannot be stopped; its process can, and the supervisor starts another.

        Those who wait for the hung call are told, and write down a time-out. Every other part of this process goes
        back to its queue, unharmed.
        """
        log.error("engine hung", calls=len(overdue), after_s=self._settings.engine_timeout_s)
        error = EngineError(
            "timeout",
            f"The engine did not answer within {self._settings.engine_timeout_s:.0f} s.",
            retryable=True,
        )
        for call in overdue:
            call.fail(error)
        for _ in range(int(LAST_WORDS_S / TICK_S)):
            if self._stop.wait(TICK_S) or not self._leases.all():
                break
        for held in self._leases.all():
            self._hand_back(held)
        sys.stderr.flush()
        os._exit(HUNG_EXIT_CODE)

    def _hand_back(self, held: Held) -> None:
        try:
            with self._database.write() as connection:
                lease.hand_back(connection, held.claim)
        except SQLAlchemyError:
            log.exception("not handed back", job_id=held.claim.job_id)


def memory_bytes() -> int:
    """Resident memory of this process; 0 where the system does not say it cheaply."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        return 0
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def release_memory() -> None:
    """Give freed memory back to the system. glibc keeps what loading a model and long texts left behind."""
    with contextlib.suppress(
        OSError, AttributeError
    ):  # another C library has no such function, and no such need
        ctypes.CDLL(None).malloc_trim(0)
