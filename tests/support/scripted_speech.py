"""Scripted responses of streamed speech."""

import base64

from tests.support.scripted import ScriptedResponse

DONE = (None, None, {"type": "speech.audio.done"})
ERROR = (None, None, {"type": "error", "error": {"code": "engine_failed", "message": "Broken."}})


def audio_delta(event_id: str, audio: bytes) -> tuple[str, None, dict[str, str]]:
    """Return an event with a chunk of audio. A stream resumes after `event_id`."""
    return event_id, None, {"type": "speech.audio.delta", "audio": base64.b64encode(audio).decode()}


def failing_stream(first: ScriptedResponse, *later: ScriptedResponse) -> dict[str, list[ScriptedResponse]]:
    """Return responses for a request for speech, and for the requests that resume the stream of the job `j`."""
    return {"POST /v1/audio/speech": [first], "GET /jobs/j/stream": list(later) or [ScriptedResponse(404)]}
