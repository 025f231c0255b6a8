"""Loads a model before a job needs it, and unloads a model on request."""

from common.logs import get_logger
from worker.engines.protocol import EngineError
from worker.runtime.context import WorkerContext

log = get_logger(__name__)


def load_model(context: WorkerContext, weights: str) -> None:
    """Start loading and return at once. The next announcement says whether the model is loaded or broken."""
    try:
        context.engines.preload(weights)
    except EngineError as error:
        log.warning("not warmed", weights=weights, code=error.code, reason=error.message)


def unload_model(context: WorkerContext, weights: str) -> None:
    """A model in use stays loaded until it has been idle for long enough, or until another model needs its memory."""
    if not context.engines.unload(weights):
        log.warning("not unloaded", weights=weights)
    context.announce()
