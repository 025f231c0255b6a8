"""Decides what happens to the utterances of an engine process that has ended."""

from dataclasses import dataclass

from worker.engines.protocol import DeviceLost, EngineError
from worker.inference.engine_handle import EngineHandle, PendingSpeech

# An utterance fails when this many processes died while they spoke it. The second one speaks nothing else.
MAX_DEATHS = 2


@dataclass(frozen=True, slots=True)
class Salvage:
    """`again`: utterances for another process. `failed`: those that ended too many processes."""

    again: list[PendingSpeech]
    failed: list[PendingSpeech]
    error: EngineError


def salvage(handle: EngineHandle) -> Salvage:
    """Take all utterances from an ended process. Those that it was speaking count a death."""
    call = handle.hung or handle.running
    spoken_ids = handle.lost_ids.union(call.request_ids if call else ())
    result = Salvage([], [], _error_of(handle))
    for request in handle.outstanding.values():
        request.deaths += request.id in spoken_ids
        (result.failed if request.deaths >= MAX_DEATHS else result.again).append(request)
    handle.outstanding.clear()
    return result


def _error_of(handle: EngineHandle) -> EngineError:
    if handle.hung:
        message = (
            f"The engine did not answer within {handle.hung.timeout_s:.0f} s. Shorten the text or retry."
        )
        return EngineError("timeout", message)
    if handle.lost_ids:
        return EngineError("device_lost", DeviceLost("").message)
    message = "The engine process died twice while it spoke this text. Change the text and retry."
    return EngineError("worker_crashed", message)
