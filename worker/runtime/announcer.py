"""Announces the models of this worker, and scans the models folder for changes."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress

from common import __version__, worker_registry
from common.db.database import Database
from common.logs import get_logger
from common.settings import Settings
from common.worker_registry import Announcement, WorkerStats
from worker.encoding import available_formats
from worker.engines import flavour
from worker.host.memory import memory_bytes
from worker.host.process_identity import own_identity
from worker.inference.engine_registry import EngineRegistry

log = get_logger(__name__)

SCAN_EVERY_S = 5.0


class Announcer:
    """`on_scan` is called after each scan of the models folder."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        engines: EngineRegistry,
        *,
        worker_id: str,
        on_scan: Callable[[], None],
    ) -> None:
        self._alive_file = settings.alive_file
        self._database = database
        self._engines = engines
        self._worker_id = worker_id
        self._process = own_identity()
        self._on_scan = on_scan
        self._announcing = threading.Lock()
        self._folder_changed = False
        self._changes_announced = 0
        self._stop = threading.Event()
        # Scans run on their own thread: a network folder that hangs must not stop the renewal of leases.
        self._scanner = threading.Thread(target=self._scan_often, name="folder", daemon=True)

    def start(self) -> None:
        """Announce at once, so that clients that wait for this worker see it as soon as it can speak."""
        self.announce()
        self._scanner.start()

    def stop(self, *, timeout_s: float) -> None:
        """Stop scanning and announce that this worker has ended."""
        self._stop.set()
        self._scanner.join(timeout_s)
        with self._database.write() as connection:
            worker_registry.retire(connection, self._worker_id)

    @property
    def is_outdated(self) -> bool:
        """True if a model was loaded, unloaded, found broken or changed on disk since the last announcement."""
        return self._folder_changed or self._engines.changes != self._changes_announced

    def announce(self) -> None:
        """Write the announcement. Thread-safe. Raises database errors."""
        with self._announcing:
            self._folder_changed = False
            self._changes_announced = self._engines.changes
            with self._database.write() as connection:
                worker_registry.announce(connection, self._announcement())

    def scan_and_announce(self) -> None:
        """Scan the models folder, then announce. Not for the heartbeat's thread. Raises database errors."""
        self._engines.refresh()
        self._on_scan()
        self.announce()

    def touch_alive_file(self) -> None:
        """Update the file whose age the health check reads. Without its folder the worker counts as dead."""
        if self._alive_file:
            with suppress(OSError):
                self._alive_file.touch()

    def _scan_often(self) -> None:
        while not self._stop.wait(SCAN_EVERY_S):
            try:
                if self._engines.refresh():
                    self._folder_changed = True
                self._on_scan()
            except Exception:
                log.exception("could not look into the models folder")

    def _announcement(self) -> Announcement:
        engines = self._engines
        return Announcement(
            id=self._worker_id,
            flavour=flavour() if engines.has_engines else worker_registry.OPS_FLAVOUR,
            version=__version__,
            device=engines.device_name,
            pid=os.getpid(),
            pid_namespace=self._process.namespace if self._process else None,
            process_started=self._process.started if self._process else None,
            served=engines.describe_engines(),
            formats=available_formats(),
            stats=WorkerStats(
                engine_calls=engines.call_counts(),
                memory_bytes=sum(map(memory_bytes, [os.getpid(), *engines.engine_pids()])),
                loads=engines.loads,
                unloads=engines.unloads,
                engines=engines.process_count,
            ),
            folder=engines.describe_folder(),
        )
