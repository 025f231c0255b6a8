"""The leases that this process holds on parts, renditions and downloads, and their renewal."""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from common.db.database import DATABASE_DOWN, Database
from common.db.leased_table import Lease, LeasedTable
from common.logs import get_logger

log = get_logger(__name__)

T = TypeVar("T")

# While the database is down, the sweep gives no lease away, so a write may be tried for longer than a lease.
PATIENCE_LEASES = 3


class HeldLease:
    """A lease in use. `lost` is set when the row was cancelled, deleted or taken over: then stop and write nothing.

    `hand_back` queues the row again, because this process must end.
    """

    def __init__(
        self, lease: Lease, database: Database, *, lease_s: float, hand_back: Callable[[Connection], object]
    ) -> None:
        self.lease = lease
        self.lost = threading.Event()
        self._database = database
        self._lease_s = lease_s
        self._hand_back = hand_back

    def write(self, change: Callable[[Connection], T]) -> T:
        """Run `change` in a transaction. While the database is down, retry for a few leases, or until this one is lost.

        An outage of the database must not cost finished work. Raises the last database error.
        """
        give_up_at = math.inf
        while True:
            try:
                with self._database.write() as connection:
                    return change(connection)
            except DATABASE_DOWN as error:
                # Counted from the end of the first try, which hangs for as long as the database is frozen.
                give_up_at = min(give_up_at, time.monotonic() + PATIENCE_LEASES * self._lease_s)
                if time.monotonic() > give_up_at or self.lost.wait(1.0):
                    raise
                log.warning("database does not answer", error=type(error).__name__)

    def hand_back(self) -> None:
        """Queue the row again. If the database is down, the sweep does it when the lease runs out."""
        try:
            with self._database.write() as connection:
                self._hand_back(connection)
        except SQLAlchemyError:
            log.exception("not handed back", key=self.lease.key)


class Leases:
    def __init__(self, database: Database, *, lease_s: float) -> None:
        self.lease_s = lease_s
        self._database = database
        self._lock = threading.Lock()
        self._held: set[HeldLease] = set()

    @contextmanager
    def hold(self, lease: Lease, *, hand_back: Callable[[Connection], object]) -> Iterator[HeldLease]:
        """Renew the lease inside the block."""
        held = HeldLease(lease, self._database, lease_s=self.lease_s, hand_back=hand_back)
        with self._lock:
            self._held.add(held)
        try:
            yield held
        finally:
            with self._lock:
                self._held.discard(held)

    def all(self) -> list[HeldLease]:
        with self._lock:
            return list(self._held)

    def renew(self) -> None:
        """Renew every lease and mark those that are lost. Raises database errors."""
        by_table: defaultdict[LeasedTable, list[HeldLease]] = defaultdict(list)
        for held in self.all():
            by_table[held.lease.rows].append(held)
        for table, held_leases in by_table.items():
            # One transaction per table: the sweep locks several tables in an order of its own.
            with self._database.write() as connection:
                lost = table.renew(connection, [held.lease for held in held_leases], lease_s=self.lease_s)
            for held in held_leases:
                if held.lease in lost:
                    held.lost.set()
