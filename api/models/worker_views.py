"""The fleet at work as clients see it."""

from collections import Counter
from collections.abc import Mapping, Sequence

from api.jobs.views import moment, moment_or_none
from api.schemas.worker import Holding, QueueView, ServedModel, WorkerView
from common.catalogue import find_weights
from common.jobs.queues import QueueStatus, RunningPart
from common.messaging.queue_names import BULK, INTERACTIVE, LANES, JobQueue, job_queue, parse_job_queue
from common.worker_registry import ServedWeights, WorkerStatus

_NOTHING = QueueStatus()


def worker_views(fleet: Sequence[WorkerStatus], held: Sequence[RunningPart]) -> list[WorkerView]:
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
    return [job_queue(engine.weights, lane=lane) for engine in seen.announcement.served for lane in LANES]


def _worker(seen: WorkerStatus, held: Sequence[RunningPart]) -> WorkerView:
    said = seen.announcement
    return WorkerView(
        id=said.id,
        alive=seen.alive,
        stopped=seen.stopped,
        flavour=said.flavour,
        version=said.version,
        device=said.device,
        pid=said.pid,
        started_at=moment(seen.started_at),
        heartbeat_at=moment(seen.heartbeat_at),
        memory_bytes=said.stats.memory_bytes,
        formats=list(said.formats),
        models=[_model(engine, alive=seen.alive) for engine in said.served],
        holding=[_holding(part) for part in held],
    )


def _model(engine: ServedWeights, *, alive: bool) -> ServedModel:
    """What is dead has nothing loaded."""
    return ServedModel(
        model=engine.model,
        weights=engine.weights,
        voices=list(engine.voices),
        loaded=alive and engine.loaded,
        in_use=alive and engine.in_use,
        memory_bytes=engine.memory_bytes if alive else 0,
        trouble=engine.trouble,
    )


def _holding(part: RunningPart) -> Holding:
    return Holding(
        job_id=part.job_id,
        part_id=part.part_id,
        voice_id=part.voice_id,
        model=part.model,
        chars=part.chars,
        lease_until=moment_or_none(part.lease_until),
        started_at=moment_or_none(part.started_at),
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
        oldest_at=moment_or_none(standing.oldest_at),
        workers=workers,
    )


def _family(weights: str) -> str:
    """The model of a set of weights; inference and the stub are none and name themselves."""
    try:
        return find_weights(weights).model
    except KeyError:
        return weights
