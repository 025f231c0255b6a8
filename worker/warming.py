"""Loading a model before anybody needs it."""

from common.telemetry import get_logger
from worker.engines.protocol import EngineError
from worker.process import Process

log = get_logger(__name__)


def warm_up(process: Process, key: str) -> None:
    """Returns when it is loaded, or has said why it cannot be."""
    try:
        process.voicebox.warm(key)
    except EngineError as error:
        log.warning("not warmed", weights=key, code=error.code, reason=error.message)
    process.announce()
