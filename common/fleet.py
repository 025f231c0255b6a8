"""What the workers announced: the only source of the gateway's answers about availability."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from common.database import clock, upsert
from common.tables import Worker

REMEMBERED_S = 86_400.0
# Three missed heartbeats.
ALIVE_WITHIN_S = 35.0


@dataclass(frozen=True, slots=True)
class Announcement:
    """What one worker process can do. `engines`: `{"alias", "voices": [...], "loaded": bool}` each."""

    id: str
    flavour: str
    version: str
    device: str
    pid: int
    engines: tuple[dict[str, Any], ...]
    formats: tuple[str, ...]
    stats: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """An announcement with its moments (epoch seconds) and whether the worker still beats."""

    announcement: Announcement
    started_at: float
    heartbeat_at: float
    alive: bool

    def voices_of(self, alias: str) -> tuple[str, ...] | None:
        """Engine voice names; None when this worker does not serve the engine."""
        for engine in self.announcement.engines:
            if engine["alias"] == alias:
                return tuple(engine["voices"])
        return None


def announce(connection: Connection, announcement: Announcement) -> None:
    now = clock(connection)
    values = {
        "flavour": announcement.flavour,
        "version": announcement.version,
        "device": announcement.device,
        "pid": announcement.pid,
        "engines": list(announcement.engines),
        "formats": list(announcement.formats),
        "stats": announcement.stats,
        "heartbeat_at": now,
        "stopped_at": None,
    }
    connection.execute(
        upsert(connection, Worker)
        .values(id=announcement.id, started_at=now, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )


def retire(connection: Connection, worker_id: str) -> None:
    """A worker that stops says so; what it announced still counts for a day."""
    connection.execute(update(Worker).where(Worker.id == worker_id).values(stopped_at=clock(connection)))


def seen_lately(connection: Connection) -> Sequence[Seen]:
    """Everything announced in the last 24 hours, newest first."""
    now = clock(connection)
    rows = connection.execute(
        select(*Worker.__table__.columns)
        .where(Worker.heartbeat_at > now - REMEMBERED_S)
        .order_by(Worker.heartbeat_at.desc())
    )
    return [
        Seen(
            Announcement(
                id=row.id,
                flavour=row.flavour,
                version=row.version,
                device=row.device,
                pid=row.pid,
                engines=tuple(row.engines),
                formats=tuple(row.formats),
                stats=row.stats,
            ),
            started_at=row.started_at,
            heartbeat_at=row.heartbeat_at,
            alive=row.stopped_at is None and row.heartbeat_at > now - ALIVE_WITHIN_S,
        )
        for row in rows
    ]
