"""What the workers announced: the only source of the gateway's answers about availability."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, update

from common.db.database import clock, upsert
from common.db.tables import Worker

REMEMBERED_S = 86_400.0
# The flavour of a process that speaks nothing, but may have a models folder.
OPS_FLAVOUR = "ops"
# Three missed heartbeats.
ALIVE_WITHIN_S = 35.0


@dataclass(frozen=True, slots=True)
class Announcement:
    """What one worker process can do.

    `engines`, one for each set of weights that it serves: `{"alias", "weights", "voices": [...], "loaded", "pinned",
    "in_use", "memory_bytes", "trouble"}`, the last why it cannot be loaded; a pinned one always is. `folder` is what
    lies in its models folder: `{"weights", "state": "partial" or "complete", "revision", "size_bytes"}`.
    """

    id: str
    flavour: str
    version: str
    device: str
    pid: int
    engines: tuple[dict[str, Any], ...]
    formats: tuple[str, ...]
    stats: dict[str, Any]
    folder: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """An announcement with its moments (epoch seconds), whether the worker still beats, and whether it said goodbye."""

    announcement: Announcement
    started_at: float
    heartbeat_at: float
    alive: bool
    stopped: bool = False
    _engines: dict[str, dict[str, Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_key = {weights_key(engine): engine for engine in self.announcement.engines}
        object.__setattr__(self, "_engines", by_key)

    @property
    def speaks(self) -> bool:
        """It serves something, if only the beep."""
        return bool(self.announcement.engines)

    @property
    def is_worker(self) -> bool:
        return self.announcement.flavour != OPS_FLAVOUR

    def voices_of(self, key: str) -> tuple[str, ...] | None:
        """Engine voice names of a set of weights; None when this worker does not serve it."""
        engine = self.engine_of(key)
        return None if engine is None else tuple(engine["voices"])

    def engine_of(self, key: str) -> dict[str, Any] | None:
        """What it announced of a set of weights."""
        return self._engines.get(key)

    def engines_of(self, model: str) -> list[dict[str, Any]]:
        """What it announced of all weights of a family."""
        return [engine for engine in self.announcement.engines if engine["alias"] == model]

    def folder_of(self, key: str) -> dict[str, Any] | None:
        return next((entry for entry in self.announcement.folder if entry["weights"] == key), None)


def weights_key(engine: dict[str, Any]) -> str:
    """Which weights an announced engine serves. Workers of an older release named the model only."""
    return str(engine.get("weights", engine["alias"]))


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
        "folder": list(announcement.folder),
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


def recent_workers(connection: Connection) -> Sequence[WorkerStatus]:
    """Everything announced in the last 24 hours, newest first; without those whose place another took."""
    now = clock(connection)
    rows = connection.execute(
        select(*Worker.__table__.columns)
        .where(Worker.heartbeat_at > now - REMEMBERED_S)
        .order_by(Worker.heartbeat_at.desc())
    )
    seen = [
        WorkerStatus(
            Announcement(
                id=row.id,
                flavour=row.flavour,
                version=row.version,
                device=row.device,
                pid=row.pid,
                engines=tuple(row.engines),
                formats=tuple(row.formats),
                stats=row.stats,
                folder=tuple(row.folder),
            ),
            started_at=row.started_at,
            heartbeat_at=row.heartbeat_at,
            alive=row.stopped_at is None and row.heartbeat_at > now - ALIVE_WITHIN_S,
            stopped=row.stopped_at is not None,
        )
        for row in rows
    ]
    return [one for one in seen if one.alive or not any(_took_its_place(other, one) for other in seen)]


def current_workers(fleet: Sequence[WorkerStatus]) -> Sequence[WorkerStatus]:
    """Those that live; where none does, what the others said last."""
    return [seen for seen in fleet if seen.alive] or fleet


def _took_its_place(other: WorkerStatus, gone: WorkerStatus) -> bool:
    """It began later, on the same machine, with the same engines or more: what it lacks is not there any more."""
    if (
        other is gone
        or other.started_at < gone.heartbeat_at
        or other.announcement.flavour != gone.announcement.flavour
    ):
        return False
    (engines, host), (gone_engines, gone_host) = (_place(one.announcement.id) for one in (other, gone))
    return host == gone_host and gone_engines <= engines


def _place(worker_id: str) -> tuple[frozenset[str], str]:
    """The engines and the machine that a worker's id is made of."""
    engines, _, host = worker_id.rpartition(":")[0].rpartition("@")
    return frozenset(engines.split("+")), host
