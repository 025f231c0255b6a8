"""Leases on rows: one worker at a time works on a row, for as long as it renews its lease.

Parts, renditions and downloads share this life cycle: `queued` -> take -> `running` -> end or queue again. Every write
after `take` names the attempt. If it matches no row, the lease is lost: the row was cancelled or deleted, or another
attempt holds it. The caller must then discard its result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Float,
    Row,
    Table,
    and_,
    bindparam,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from common.db.database import epoch_now
from common.db.tables import Base, Worker
from common.status import JobStatus

# The most rows of a table that one sweep releases.
BATCH = 500
# A literal instead of a parameter, so that the databases use the index of running rows.
_RUNNING: ColumnElement[Any] = literal_column("'running'")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one attempt to work on one row. `key` is the row's primary key, in column order."""

    rows: "LeasedTable"
    key: tuple[str, ...]
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a sweep knows about the holders of leases.

    `now`: epoch seconds by the database's clock. `lease_s`: a worker without a heartbeat for this long is dead.
    `ended_workers`: ids of workers whose process does not exist any more. `after_stall`: true if workers have not had
    the time to renew their leases; then an expired lease proves nothing.
    """

    now: float
    lease_s: float
    ended_workers: frozenset[str] = frozenset()
    after_stall: bool = False


class LeasedTable:
    """A table with the columns `status`, `attempt`, `lease_until` and `worker_id`.

    `only_if`: further conditions of `take`, which also accepts their parameters. `returning`: columns that `take`
    returns beside `attempt` and `taken_at` (epoch seconds). Statements are built once, because building one takes
    longer than SQLite needs to run it. Their parameters are named `the_*`, so that none is mistaken for the new value
    of a column.
    """

    def __init__(
        self,
        mapped: type[Base],
        *,
        only_if: Sequence[ColumnElement[bool]] = (),
        returning: Sequence[Column[Any]] = (),
    ) -> None:
        self.table = cast(Table, mapped.__table__)
        columns = self.table.c
        self._key = tuple(self.table.primary_key.columns)
        key_conditions = [column == bindparam(f"the_{column.name}") for column in self._key]
        # With `parameters_of` a lease, for statements that are built once.
        self.holds = and_(
            *key_conditions,
            columns.attempt == bindparam("the_attempt"),
            columns.status == JobStatus.RUNNING,
        )
        self._take = (
            update(self.table)
            .where(*key_conditions, columns.status == JobStatus.QUEUED, *only_if)
            .values(
                status=JobStatus.RUNNING,
                attempt=columns.attempt + 1,
                lease_until=epoch_now() + bindparam("the_lease_s", type_=Float()),
                worker_id=bindparam("the_worker"),
            )
            .returning(columns.attempt, epoch_now().label("taken_at"), *returning)
        )
        self._end = (
            update(self.table)
            .where(self.holds)
            .values(status=bindparam("the_status"), lease_until=None)
            .returning(epoch_now())
        )

    def take(
        self,
        connection: Connection,
        key: tuple[str, ...],
        *,
        worker_id: str,
        lease_s: float,
        **parameters: Any,
    ) -> Row[*tuple[Any, ...]] | None:
        """Take a queued row for `lease_s` from now. Returns None if the row cannot be taken."""
        rows = connection.execute(
            self._take,
            {**self._key_parameters(key), "the_lease_s": lease_s, "the_worker": worker_id, **parameters},
        )
        return rows.first()

    def renew(self, connection: Connection, leases: Sequence[Lease], *, lease_s: float) -> list[Lease]:
        """Renew leases for `lease_s` from now. Returns the lost ones."""
        if not leases:
            return []
        renewed = connection.execute(
            update(self.table)
            .where(or_(*(self.is_held(lease) for lease in leases)))
            .values(lease_until=epoch_now() + literal(lease_s))
            .returning(*self._key)
        )
        renewed_keys = {tuple(row) for row in renewed}
        return [lease for lease in leases if lease.key not in renewed_keys]

    def change(self, connection: Connection, lease: Lease, **values: Any) -> bool:
        """Write `values`. Returns False if the lease is lost."""
        return (
            connection.execute(update(self.table).where(self.is_held(lease)).values(**values)).rowcount == 1
        )

    def end(self, connection: Connection, lease: Lease, *, status: JobStatus) -> float | None:
        """End the work and the lease. Returns the epoch seconds of the end, or None if the lease is lost."""
        parameters = self.parameters_of(lease) | {"the_status": status}
        ended: float | None = connection.scalar(self._end, parameters)
        return ended

    def parameters_of(self, lease: Lease) -> dict[str, Any]:
        """Return the parameters of `holds`."""
        return self._key_parameters(lease.key) | {"the_attempt": lease.attempt}

    def is_held(self, lease: Lease) -> ColumnElement[bool]:
        columns = self.table.c
        return and_(
            *(column == value for column, value in zip(self._key, lease.key, strict=True)),
            columns.attempt == lease.attempt,
            columns.status == JobStatus.RUNNING,
        )

    def holders(self, connection: Connection) -> set[str]:
        """The ids of the workers that hold a lease."""
        columns = self.table.c
        held = select(columns.worker_id).where(columns.status == _RUNNING, columns.worker_id.is_not(None))
        return set(connection.scalars(held.distinct()))

    def lost(
        self, connection: Connection, evidence: Evidence, *columns: Any
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Lock and return rows whose worker does not work on them any more. The next `take` fences off its writes.

        Each row has its key, `columns` and `died`. `died` is true if the worker died. It is false if the worker
        retired, or lives and has not renewed this lease: then the row is not the reason.
        """
        held, worker = self.table.c, Worker.__table__.c
        has_ended = held.worker_id.in_(evidence.ended_workers)
        is_silent = or_(worker.id.is_(None), worker.heartbeat_at < evidence.now - evidence.lease_s)
        has_retired = worker.stopped_at.is_not(None)
        # A worker that died has its last heartbeat before this moment. If none has come since, wait until it is silent.
        is_alive = worker.heartbeat_at >= held.lease_until
        is_expired = and_(held.lease_until < evidence.now, or_(is_silent, has_retired, is_alive))
        is_lost = has_ended if evidence.after_stall else or_(has_ended, is_expired)
        died = and_(worker.stopped_at.is_(None), or_(has_ended, is_silent))
        return connection.execute(
            select(*self._key, *columns, died.label("died"))
            .select_from(self.table.outerjoin(Worker.__table__, worker.id == held.worker_id))
            .where(held.status == _RUNNING, is_lost)
            # In the order of the keys, without scanning the whole table in that order.
            .order_by(*(column.concat("") for column in self._key))
            .limit(BATCH)
            .with_for_update(of=self.table, skip_locked=True)
        ).all()

    def _key_parameters(self, key: tuple[str, ...]) -> dict[str, Any]:
        return {f"the_{column.name}": value for column, value in zip(self._key, key, strict=True)}
