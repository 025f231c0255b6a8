"""Workers and queues as clients see them."""

from collections import Counter
from collections.abc import Mapping, Sequence

from api.http.dates import utc_datetime, utc_datetime_or_none
from api.schemas.worker import LeasedPart, QueueView, ServedModel, WorkerView
from common.catalogue import find_weights
from common.jobs.queues import QueueStatus, RunningPart
from common.messaging.queue_names import BULK, INTERACTIVE, LANES, JobQueue, job_queue, parse_job_queue
from common.worker_registry import ServedWeights, WorkerStatus

_EMPTY = QueueStatus()


def worker_views(workers: Sequence[WorkerStatus], leased: Sequence[RunningPart]) -> list[WorkerView]:
    return [
        _worker(worker, [part for part in leased if part.worker_id == worker.announcement.id])
        for worker in workers
    ]


def queue_views(workers: Sequence[WorkerStatus], statuses: Mapping[str, QueueStatus]) -> list[QueueView]:
    """Return queues that contain parts, and queues that a live worker consumes."""
    consumers = Counter(queue for worker in workers if worker.alive for queue in _queues_of(worker))
    return [
        _queue(queue, statuses.get(queue, _EMPTY), workers=consumers[queue])
        for queue in sorted(consumers.keys() | statuses.keys())
    ]


def _queues_of(worker: WorkerStatus) -> list[str]:
    return [job_queue(one.weights, lane=lane) for one in worker.announcement.served for lane in LANES]


def _worker(worker: WorkerStatus, leased: Sequence[RunningPart]) -> WorkerView:
    announcement = worker.announcement
    return WorkerView(
        id=announcement.id,
        alive=worker.alive,
        stopped=worker.stopped,
        flavour=announcement.flavour,
        version=announcement.version,
        device=announcement.device,
        pid=announcement.pid,
        started_at=utc_datetime(worker.started_at),
        heartbeat_at=utc_datetime(worker.heartbeat_at),
        memory_bytes=announcement.stats.memory_bytes,
        engine_processes=worker.engine_processes,
        formats=list(announcement.formats),
        models=[_model(served, alive=worker.alive) for served in announcement.served],
        holding=[_leased_part(part) for part in leased],
    )


def _model(served: ServedWeights, *, alive: bool) -> ServedModel:
    """A worker that is not alive has nothing loaded."""
    return ServedModel(
        model=served.model,
        weights=served.weights,
        voices=list(served.voices),
        loaded=alive and served.loaded,
        in_use=alive and served.in_use,
        memory_bytes=served.memory_bytes if alive else 0,
        trouble=served.trouble,
    )


def _leased_part(part: RunningPart) -> LeasedPart:
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


def _queue(queue: str, status: QueueStatus, *, workers: int) -> QueueView:
    weights, lane = parse_job_queue(queue) or JobQueue(queue, INTERACTIVE)
    return QueueView(
        queue=queue,
        model=_model_of(weights),
        lane=BULK if lane == BULK else INTERACTIVE,
        queued=status.queued,
        queued_is_at_least=status.at_least,
        running=status.running,
        oldest_at=utc_datetime_or_none(status.oldest_at),
        workers=workers,
    )


def _model_of(weights: str) -> str:
    """Return the model of a set of weights. Inference and the stub have none, and stand for themselves."""
    try:
        return find_weights(weights).model
    except KeyError:
        return weights
