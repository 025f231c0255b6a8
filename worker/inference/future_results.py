"""Reads and sets the results of the futures of an engine pool."""

from concurrent.futures import Future, InvalidStateError

from worker.engines.protocol import EngineError, Speech


def succeeds(future: Future[bool], *, timeout_s: float) -> bool:
    try:
        return future.result(max(0.0, timeout_s))
    except (EngineError, TimeoutError):
        return False


def complete(future: Future[Speech], result: Speech | EngineError) -> None:
    try:
        if isinstance(result, EngineError):
            future.set_exception(result)
        else:
            future.set_result(result)
    except InvalidStateError:  # it was cancelled
        pass
