"""Downloads of weights as rows: asked for by the gateway, done by a worker that has the models folder."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, insert, select, text, update

from common.db.database import clock
from common.db.tables import AnyRow, Download

# A download that did not move for this long lost its worker.
STALLED_S = 120.0
# It goes on where it stopped, but not for ever: something may be wrong with it that ends workers.
TRIED_FOR_S = 86_400.0
ACTIVE = ("queued", "running")


def request(
    connection: Connection, *, new_id: str, model: str, item: str, bytes_total: int
) -> tuple[str, bool]:
    """Ask for an item; asked twice, it is the same download. Its id, and whether it is new."""
    if connection.dialect.name == "postgresql":
        # Two who ask at the same moment would not see each other's row.
        connection.execute(text("SELECT pg_advisory_xact_lock(20260702)"))
    running = connection.scalar(
        select(Download.id)
        .where(Download.model == model, Download.item == item, Download.status.in_(ACTIVE))
        .limit(1)
    )
    if running:
        return running, False
    now = clock(connection)
    connection.execute(
        insert(Download).values(
            id=new_id,
            model=model,
            item=item,
            status="queued",
            bytes_total=bytes_total,
            created_at=now,
            updated_at=now,
        )
    )
    return new_id, True


def begin(connection: Connection, download_id: str) -> AnyRow | None:
    """Take it; None when another worker did."""
    return connection.execute(
        update(Download)
        .where(Download.id == download_id, Download.status == "queued")
        .values(status="running", updated_at=clock(connection))
        .returning(Download.model, Download.item)
    ).first()


def report(connection: Connection, download_id: str, *, bytes_done: int, bytes_total: int) -> None:
    connection.execute(
        update(Download)
        .where(Download.id == download_id)
        .values(bytes_done=bytes_done, bytes_total=bytes_total, updated_at=clock(connection))
    )


def hand_back(connection: Connection, download_id: str) -> None:
    """The worker stops; another one goes on where it stopped."""
    connection.execute(
        update(Download)
        .where(Download.id == download_id, Download.status == "running")
        .values(status="queued", updated_at=clock(connection))
    )


def end(
    connection: Connection, download_id: str, *, code: str | None = None, message: str | None = None
) -> None:
    now = clock(connection)
    connection.execute(
        update(Download)
        .where(Download.id == download_id)
        .values(
            status="failed" if code else "completed",
            error_code=code,
            error_message=message,
            updated_at=now,
            finished_at=now,
        )
    )


def release_stalled(connection: Connection) -> int:
    """Queue again what lost its worker, or give it up when it was asked for long ago; how many there were."""
    now = clock(connection)
    stalled = and_(Download.status == "running", Download.updated_at < now - STALLED_S)
    given_up = connection.execute(
        update(Download)
        .where(stalled, Download.created_at < now - TRIED_FOR_S)
        .values(
            status="failed",
            error_code="interrupted",
            error_message="The worker stopped again and again before the download was complete; ask for it again.",
            updated_at=now,
            finished_at=now,
        )
    )
    released = connection.execute(update(Download).where(stalled).values(status="queued", updated_at=now))
    return given_up.rowcount + released.rowcount


def still_queued(connection: Connection, *, limit: int = 100) -> Sequence[str]:
    """Asked for and not begun, oldest first: their bells may have been lost."""
    return connection.scalars(
        select(Download.id)
        .where(Download.status == "queued")
        .order_by(Download.created_at, Download.id)
        .limit(limit)
    ).all()


def percent(*, bytes_done: int, bytes_total: int) -> float:
    """0 while the size is unknown."""
    return round(100 * bytes_done / bytes_total, 1) if bytes_total else 0.0


def recent(connection: Connection, *, limit: int = 50) -> Sequence[AnyRow]:
    return connection.execute(
        select(*Download.__table__.columns).order_by(Download.created_at.desc()).limit(limit)
    ).all()


def get(connection: Connection, download_id: str) -> AnyRow | None:
    return connection.execute(select(*Download.__table__.columns).where(Download.id == download_id)).first()
