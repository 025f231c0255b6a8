"""Speech as events, by a script."""

import base64

from tests.support.scripted import Answer

DONE = (None, None, {"type": "speech.audio.done"})
ERROR = (None, None, {"type": "error", "error": {"code": "engine_failed", "message": "Broken."}})


def delta(place: str, sound: bytes) -> tuple[str, None, dict[str, str]]:
    """`place` is where one goes on behind it."""
    return place, None, {"type": "speech.audio.delta", "audio": base64.b64encode(sound).decode()}


def failing(first: Answer, *later: Answer) -> dict[str, list[Answer]]:
    """What is said to whoever asks for speech, and then to whoever comes back for the rest of the job `j`."""
    return {"POST /v1/audio/speech": [first], "GET /jobs/j/stream": list(later) or [Answer(404)]}
