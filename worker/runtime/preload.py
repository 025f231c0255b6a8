"""Loading a model before anybody needs it, and unloading it before it has to go."""

from common.telemetry import get_logger
from worker.engines.protocol import EngineError
from worker.runtime.context import Process

log = get_logger(__name__)


def warm_up(process: Process, key: str) -> None:
    """Returns at once; that it is loaded or broken is announced, and any other failure is in the log."""
    try:
        process.voicebox.warm(key)
    except EngineError as error:
        log.warning("not warmed", weights=key, code=error.code, reason=error.message)


def unload_now(process: Process, key: str) -> None:
    """Unless it is in use: then it goes when it was idle for long enough, or when another needs its room."""
    if not process.voicebox.unload(key):
        log.warning("not unloaded", weights=key)
    process.announce()
