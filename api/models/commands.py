"""Send workers commands to load or unload a model."""

from collections import Counter
from collections.abc import Iterator, Sequence

from api.schemas.model import ModelCommandRequest, ModelCommandResult, SentCommand
from common.catalogue import MODELS, find_weights, weights_of
from common.db.database import Database
from common.errors import InvalidRequest
from common.messaging.messages import PRELOAD, UNLOAD
from common.messaging.notifier import Notifier
from common.worker_registry import ServedWeights, WorkerStatus, recent_workers

# Sets of weights that one request may load on one worker.
PRELOAD_MAX = 16


def send_commands(
    database: Database, notifier: Notifier, body: ModelCommandRequest, task: str
) -> ModelCommandResult:
    """Send a command to each worker that serves the models.

    A command may be lost, and a model in use is not unloaded: GET /models/status shows the effect. Raises
    InvalidRequest for an unknown model.
    """
    keys = list(dict.fromkeys(key for name in body.models for key in _weights_keys(name)))
    with database.read() as connection:
        workers = [worker for worker in recent_workers(connection) if worker.alive]
    sent = [
        SentCommand(worker=worker.announcement.id, weights=key) for key, worker in _pairs(keys, workers, task)
    ]
    if task == PRELOAD:
        _check_count(sent)
    for command in sent:
        notifier.send_command(command.worker, task, command.weights)
    served = {key: weights for worker in workers for key in keys if (weights := worker.served(key))}
    return ModelCommandResult(
        told=sent,
        not_served=[name for name in body.models if not served.keys() & set(_weights_keys(name))],
        stays=[key for key, weights in served.items() if task == UNLOAD and weights.pinned],
    )


def _pairs(
    keys: Sequence[str], workers: Sequence[WorkerStatus], task: str
) -> Iterator[tuple[str, WorkerStatus]]:
    for key in keys:
        for worker in workers:
            weights = worker.served(key)
            if weights is not None and (task != UNLOAD or _can_unload(weights)):
                yield key, worker


def _check_count(sent: Sequence[SentCommand]) -> None:
    """Reject a family with a thousand languages: each would only evict the one before it from memory."""
    worker, count = Counter(command.worker for command in sent).most_common(1)[0] if sent else ("", 0)
    if count > PRELOAD_MAX:
        raise InvalidRequest(
            f"These models have {count} sets of weights on the worker {worker}. Name at most {PRELOAD_MAX} of them; "
            "GET /models/status lists them.",
            code="too_many_models",
            param="models",
        )


def _can_unload(weights: ServedWeights) -> bool:
    return weights.loaded and not weights.pinned


def _weights_keys(name: str) -> list[str]:
    """Return the keys of weights that a name stands for. A model stands for all of its weights."""
    if name in MODELS:
        return [weights.key for weights in weights_of(name)]
    try:
        return [find_weights(name).key]
    except KeyError:
        raise InvalidRequest(
            f"This model does not exist. Use one of: {', '.join(MODELS)}, or a key of weights from GET /models/status.",
            code="unknown_model",
            param="models",
        ) from None
