"""The thread that keeps this process's promises: leases renewed, presence announced, hung engines ended."""

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from common import __version__, worker_registry
from common.db.database import Database
from common.jobs import lease
from common.settings import Settings
from common.telemetry import get_logger
from common.worker_registry import Announcement
from worker.encoding import available_formats
from worker.engines import flavour
from worker.engines.protocol import EngineError
from worker.host.memory import memory_bytes, release_memory
from worker.inference.batcher import Call
from worker.inference.engine_registry import Voicebox
from worker.runtime.leases import Held, Leases
from worker.runtime.notifier import Bells

log = get_logger(__name__)

TICK_S = 0.5
ANNOUNCE_EVERY_S = 10.0
LOOK_EVERY_S = 5.0
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
        on_look: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._database = database
        self._leases = leases
        self._voicebox = voicebox
        self._bells = bells
        self._worker_id = worker_id
        self._on_look = on_look
        self._stop = threading.Event()
        self._threads = (
            threading.Thread(target=self._run, name="keeper", daemon=True),
            threading.Thread(target=self._watch_folder, name="folder", daemon=True),
        )
        self._announcing = threading.Lock()
        self._due: dict[str, float] = {}
        self._changes_announced = 0
        self._calls_seen = self._calls_at_release = 0

    def start(self) -> None:
        """Announce first, so that whoever waits for this worker sees it as soon as it can speak."""
        self._arm()
        release_memory()
        self._announce()
        for thread in self._threads:
            thread.start()

    def look_and_announce(self) -> None:
        """Say what can be spoken here now, by what lies in the folder now. Callable from any thread but ours."""
        self._voicebox.refresh()
        self._on_look()
        self._announce()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * TICK_S)
        faulthandler.cancel_dump_traceback_later()
        with self._database.write() as connection:
            worker_registry.retire(connection, self._worker_id)

    def _run(self) -> None:
        chores = (
            ("leases", self._settings.lease_s / 3, self._renew),
            ("announcement", ANNOUNCE_EVERY_S, self._announce_in_time),
        )
        while not self._stop.wait(TICK_S):
            try:
                self._arm()
                for name, every_s, chore in chores:
                    self._keep(name, every_s, chore)
                self._release_memory()
                self._unload_idle()
                self._end_if_stuck()
                self._hurry_announcement()
            except Exception:
                # Whatever it was: without this thread the leases run out.
                log.exception("unexpected failure")

    def _keep(self, name: str, every_s: float, chore: Callable[[], None]) -> None:
        now = time.monotonic()
        if now < self._due.setdefault(name, now + every_s):
            return
        self._due[name] = now + every_s
        try:
            chore()
        except Exception as error:
            # The next try comes soon; until the lease runs out nothing is lost.
            self._due[name] = now + 1.0
            if not isinstance(error, SQLAlchemyError):
                raise
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

    def _watch_folder(self) -> None:
        """In a thread of its own: a folder on a network that hangs must not cost the leases."""
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                if self._voicebox.refresh():
                    self._due["announcement"] = 0.0
                self._on_look()
            except Exception:
                log.exception("could not look into the models folder")

    def _announce_in_time(self) -> None:
        if self._settings.alive_file:
            # Whoever took its folder away sees a worker that is not alive.
            with suppress(OSError):
                self._settings.alive_file.touch()
        self._announce()

    def _announce(self) -> None:
        with self._announcing:
            self._changes_announced = self._voicebox.shelf.changes
            with self._database.write() as connection:
                worker_registry.announce(connection, self._announcement())

    def _announcement(self) -> Announcement:
        voicebox = self._voicebox
        engines = voicebox.described()
        counts = {"loads": voicebox.shelf.loads, "unloads": voicebox.shelf.unloads}
        return Announcement(
            id=self._worker_id,
            flavour=flavour() if voicebox.speaks else worker_registry.OPS_FLAVOUR,
            version=__version__,
            device=voicebox.device.name,
            pid=os.getpid(),
            engines=engines,
            formats=available_formats(),
            stats={"engine_calls": voicebox.calls(), "memory_bytes": memory_bytes(), **counts},
            folder=voicebox.folder(),
        )

    def _hurry_announcement(self) -> None:
        """What was loaded, unloaded or found broken is told with the next tick, not with the next announcement."""
        if self._voicebox.shelf.changes != self._changes_announced:
            self._due["announcement"] = 0.0

    def _unload_idle(self) -> None:
        if self._settings.model_idle_s:
            self._voicebox.shelf.unload_idle(idle_s=self._settings.model_idle_s)

    def _release_memory(self) -> None:
        """After work, in a pause: what is given back has to be asked for again, which costs the next call."""
        calls = sum(self._voicebox.calls().values())
        pause = calls == self._calls_seen and not self._leases.all()
        self._calls_seen = calls
        if pause and calls != self._calls_at_release:
            self._calls_at_release = calls
            release_memory()

    def _end_if_stuck(self) -> None:
        batchers = list(self._voicebox.batchers.values())
        overdue = [call for batcher in batchers for call in batcher.overdue()]
        if overdue:
            self._end_hung(overdue)
        elif any(batcher.is_lost for batcher in batchers):
            log.error("desk lost")
            self._end()

    def _end_hung(self, overdue: list[Call]) -> None:
        """A thread inside an engine cannot be stopped; its process can, and the supervisor starts another.

        Those who wait for the hung call are told, and write down a time-out. Every other part of this process goes
        back to its queue, unharmed.
        """
        after_s = max(call.within_s for call in overdue)
        log.error("engine hung", calls=len(overdue), after_s=after_s)
        error = EngineError("timeout", f"The engine did not answer within {after_s:.0f} s.", retryable=True)
        for call in overdue:
            call.fail(error)
        self._end()

    def _end(self) -> None:
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
