"""The announcements of the workers. The gateway knows only from them which voices and models are available."""

import os
import secrets
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Row, select, update

from common.db.database import clock, upsert
from common.db.tables import AnyRow, Worker
from common.provider_names import INFERENCE, STUB

KEPT_S = 86_400.0
# The flavour of an ops worker. It serves no weights, but may have a models folder.
OPS_FLAVOUR = "ops"
# Three missed heartbeats.
ALIVE_WITHIN_S = 35.0

WeightsState = Literal["absent", "partial", "complete"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedWeights:
    """Weights whose jobs a worker takes.

    `voices` are names of the engine; `*` accepts any name. Pinned weights are never unloaded. `memory_bytes` is 0
    while the weights are not loaded. `trouble` says why they cannot be loaded.
    """

    model: str
    weights: str
    voices: tuple[str, ...] = ()
    loaded: bool = False
    pinned: bool = False
    in_use: bool = False
    memory_bytes: int = 0
    trouble: str | None = None

    def as_row(self) -> dict[str, Any]:
        row = _values(self)
        return {"alias": row.pop("model")} | row | {"voices": list(self.voices)}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "ServedWeights":
        """Workers of earlier releases announce fewer keys. The earliest release names only the model."""
        model = row["alias"]
        given = {"weights": model, **row, "model": model, "voices": tuple(row.get("voices", ()))}
        return _from_values(cls, given)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderEntry:
    """Weights in a models folder. `revision` is a commit on the hub, None if unknown."""

    weights: str
    state: WeightsState
    revision: str | None = None
    size_bytes: int = 0

    def as_row(self) -> dict[str, Any]:
        return _values(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "FolderEntry":
        return _from_values(cls, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStats:
    """Counters since the process started: engine calls by model, loads and unloads of all models.

    `memory_bytes` is the resident memory of the worker and its engine processes, None if unknown. `engines` is the
    number of segments that it speaks at once, or of batches.
    """

    engine_calls: Mapping[str, int] = field(default_factory=dict)
    memory_bytes: int | None = None
    loads: int = 0
    unloads: int = 0
    engines: int = 1

    def as_row(self) -> dict[str, Any]:
        return _values(self)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "WorkerStats":
        return _from_values(cls, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The abilities of one worker process. `folder` lists its models folder.

    `pid_namespace` and `process_started` identify the process on its machine, None if unknown.
    """

    id: str
    flavour: str
    version: str
    device: str
    pid: int
    pid_namespace: str | None = None
    process_started: int | None = None
    served: tuple[ServedWeights, ...] = ()
    formats: tuple[str, ...] = ()
    stats: WorkerStats = field(default_factory=WorkerStats)
    folder: tuple[FolderEntry, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """The columns of `workers`, without the times."""
        return {
            "id": self.id,
            "flavour": self.flavour,
            "version": self.version,
            "device": self.device,
            "pid": self.pid,
            "pid_namespace": self.pid_namespace,
            "process_started": self.process_started,
            "engines": [one.as_row() for one in self.served],
            "formats": list(self.formats),
            "stats": self.stats.as_row(),
            "folder": [one.as_row() for one in self.folder],
        }

    @classmethod
    def from_row(cls, row: AnyRow) -> "Announcement":
        return cls(
            id=row.id,
            flavour=row.flavour,
            version=row.version,
            device=row.device,
            pid=row.pid,
            pid_namespace=row.pid_namespace,
            process_started=row.process_started,
            served=tuple(map(ServedWeights.from_row, row.engines)),
            formats=tuple(row.formats),
            stats=WorkerStats.from_row(row.stats),
            folder=tuple(map(FolderEntry.from_row, row.folder)),
        )


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """An announcement with its times (epoch seconds). `stopped`: the worker announced that it stops."""

    announcement: Announcement
    started_at: float
    heartbeat_at: float
    alive: bool
    stopped: bool = False
    _served: dict[str, ServedWeights] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_served", {one.weights: one for one in self.announcement.served})

    @property
    def speaks(self) -> bool:
        """True if the worker serves any weights. The stub counts."""
        return bool(self.announcement.served)

    @property
    def engine_processes(self) -> int:
        """How many engine processes it runs for its work. 0 if it serves no models, or is not alive."""
        has_models = any(one.weights not in (INFERENCE, STUB) for one in self.announcement.served)
        return self.announcement.stats.engines if self.alive and has_models else 0

    @property
    def is_worker(self) -> bool:
        return self.announcement.flavour != OPS_FLAVOUR

    def voices_of(self, key: str) -> tuple[str, ...] | None:
        """The engine's voice names of these weights. None if the worker does not serve them."""
        served = self.served(key)
        return None if served is None else served.voices

    def served(self, key: str) -> ServedWeights | None:
        """None if the worker does not serve these weights."""
        return self._served.get(key)

    def served_of_model(self, model: str) -> list[ServedWeights]:
        return [one for one in self.announcement.served if one.model == model]

    def in_folder(self, key: str) -> FolderEntry | None:
        return next((entry for entry in self.announcement.folder if entry.weights == key), None)


def new_worker_id(models: Sequence[str]) -> str:
    """The id of this process. No later process gets it, although a container has the same host and pid after a restart.

    Otherwise the heartbeat of the later process would hide the death of the earlier one.
    """
    names = "+".join(models)[:60] or OPS_FLAVOUR
    return f"{names}@{socket.gethostname()[:60]}:{os.getpid()}-{secrets.token_hex(3)}"


def announce(connection: Connection, announcement: Announcement) -> None:
    now = clock(connection)
    values = announcement.as_row() | {"heartbeat_at": now, "stopped_at": None}
    connection.execute(
        upsert(connection, Worker)
        .values(started_at=now, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )


def retire(connection: Connection, worker_id: str) -> None:
    """Record that a worker stops. Its announcement stays valid for a day."""
    connection.execute(update(Worker).where(Worker.id == worker_id).values(stopped_at=clock(connection)))


def processes_of(
    connection: Connection, worker_ids: Collection[str], *, pid_namespace: str
) -> Sequence[Row[str, int, int]]:
    """The id, pid and start time of those of the workers that ran in a pid namespace."""
    return connection.execute(
        select(Worker.id, Worker.pid, Worker.process_started).where(
            Worker.id.in_(worker_ids),
            Worker.pid_namespace == pid_namespace,
            Worker.process_started.is_not(None),
        )
    ).all()  # type: ignore[return-value]  # the start time is not None


def recent_workers(connection: Connection) -> Sequence[WorkerStatus]:
    """Workers of the last 24 hours, latest heartbeat first, without those that a newer worker replaces."""
    now = clock(connection)
    rows = connection.execute(
        select(*Worker.__table__.columns)
        .where(Worker.heartbeat_at > now - KEPT_S)
        .order_by(Worker.heartbeat_at.desc())
    )
    statuses = [
        WorkerStatus(
            Announcement.from_row(row),
            started_at=row.started_at,
            heartbeat_at=row.heartbeat_at,
            alive=row.stopped_at is None and row.heartbeat_at > now - ALIVE_WITHIN_S,
            stopped=row.stopped_at is not None,
        )
        for row in rows
    ]
    return _without_replaced(statuses)


def current_workers(workers: Sequence[WorkerStatus]) -> Sequence[WorkerStatus]:
    """The workers that are alive. If none is, all of them."""
    return [worker for worker in workers if worker.alive] or workers


def started_models(workers: Sequence[WorkerStatus]) -> frozenset[str]:
    """The models that live workers were started for, even if they lack the weights to serve them."""
    engines = (_parse_worker_id(worker.announcement.id)[0] for worker in workers if worker.alive)
    return frozenset(name.partition("_")[0] for names in engines for name in names)


def _without_replaced(workers: Sequence[WorkerStatus]) -> Sequence[WorkerStatus]:
    """Leave out dead workers that a newer one replaces: what only they announced does not exist any more.

    A worker replaces those of the same machine and flavour that ended before it started and had no other engines.
    """
    # The worker with the latest start for each set of engines, by machine and flavour.
    latest: dict[tuple[str, str], dict[frozenset[str], WorkerStatus]] = {}
    for worker in sorted(workers, key=lambda one: one.started_at):
        engines, host = _parse_worker_id(worker.announcement.id)
        latest.setdefault((host, worker.announcement.flavour), {})[engines] = worker

    def is_replaced(worker: WorkerStatus) -> bool:
        engines, host = _parse_worker_id(worker.announcement.id)
        return any(
            newer is not worker and newer.started_at >= worker.heartbeat_at and engines <= newer_engines
            for newer_engines, newer in latest[host, worker.announcement.flavour].items()
        )

    return [worker for worker in workers if worker.alive or not is_replaced(worker)]


def _parse_worker_id(worker_id: str) -> tuple[frozenset[str], str]:
    """Split an id into engines and host: `hibari+stub@host:123-0a1b2c`."""
    engines, _, host = worker_id.rpartition(":")[0].rpartition("@")
    return frozenset(engines.split("+")), host


def _values(record: Any) -> dict[str, Any]:
    return {one.name: getattr(record, one.name) for one in fields(record)}


def _from_values(record: type[T], values: Mapping[str, Any]) -> T:
    """Missing keys get their defaults. Unknown keys, from a later release, are ignored."""
    return record(**{one.name: values[one.name] for one in fields(record) if one.name in values})  # type: ignore[arg-type]
