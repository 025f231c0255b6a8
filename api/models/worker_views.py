"""The fleet at work as clients see it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from api.http.dates import utc_datetime, utc_datetime_or_none
from api.schemas.worker import LeasedPart, QueueView, ServedModel, WorkerView
from common.catalogue import find_weights
from common.jobs.queues import HeldPart, QueueStatus
from common.messaging.queue_names import BULK, INTERACTIVE, LANES, JobQueue, job_queue, parse_job_queue
from common.worker_registry import WorkerStatus, weights_key

_NOTHING = QueueStatus()


def worker_views(fleet: Sequence[WorkerStatus], held: Sequence[HeldPart]) -> list[WorkerView]:
    return [
        _worker(seen, [part for part in held if part.worker_id == seen.announcement.id]) for seen in fleet
    ]


def queue_views(fleet: Sequence[WorkerStatus], standings: Mapping[str, QueueStatus]) -> list[QueueView]:
    """Those with something in them, and those that a living worker takes from."""
    takers = Counter(queue for seen in fleet if seen.alive for queue in _served(seen))
    return [
        _queue(queue, standings.get(queue, _NOTHING), workers=takers[queue])
        for queue in sorted(takers.keys() | standings.keys())
    ]


def _served(seen: WorkerStatus) -> list[str]:
    return [
        job_queue(weights_key(engine), lane=lane) for engine in seen.announcement.engines for lane in LANES
    ]


def _worker(seen: WorkerStatus, held: Sequence[HeldPart]) -> WorkerView:
    said = seen.announcement
    return WorkerView(
        id=said.id,
        alive=seen.alive,
        stopped=seen.stopped,
        flavour=said.flavour,
        version=said.version,
        device=said.device,
        pid=said.pid,
        started_at=utc_datetime(seen.started_at),
        heartbeat_at=utc_datetime(seen.heartbeat_at),
        memory_bytes=said.stats.get("memory_bytes"),
        formats=list(said.formats),
        models=[_model(engine, alive=seen.alive) for engine in said.engines],
        holding=[_holding(part) for part in held],
    )


def _model(engine: dict[str, Any], *, alive: bool) -> ServedModel:
    """What is dead has nothing loaded."""
    return ServedModel(
        model=engine["alias"],
        weights=weights_key(engine),
        voices=engine["voices"],
        loaded=alive and engine.get("loaded", False),
        in_use=alive and engine.get("in_use", False),
        memory_bytes=engine.get("memory_bytes", 0) if alive else 0,
        trouble=engine.get("trouble"),
    )


def _holding(part: HeldPart) -> LeasedPart:
    return LeasedPart(
        job_id=part.job_id,
        part_id=part.part_id,
        voice_id=part.voice_id,
        model=part.model,
        chars=part.chars,
        lease_until=utc_datetime_or_none(part.lease_until),
        started_at=utc_datetime_or_none(part.started_at),
        segments_done=part.segments_done,
        segments_total=part.segments_total,
    )


def _queue(queue: str, standing: QueueStatus, *, workers: int) -> QueueView:
    weights, lane = parse_job_queue(queue) or JobQueue(queue, INTERACTIVE)
    return QueueView(
        queue=queue,
        model=_family(weights),
        lane=BULK if lane == BULK else INTERACTIVE,
        queued=standing.queued,
        queued_is_at_least=standing.at_least,
        running=standing.running,
        oldest_at=utc_datetime_or_none(standing.oldest_at),
        workers=workers,
    )


def _family(weights: str) -> str:
    """The model of a set of weights; inference and the stub are none and name themselves."""
    try:
        return find_weights(weights).model
    except KeyError:
        return weights
