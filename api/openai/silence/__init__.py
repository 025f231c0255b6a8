"""A short silence, the answer of OpenAI's endpoint to a text with nothing to speak, such as `---`.

A reader that sends a text sentence by sentence goes on with the next one. `scripts/make_silence.py` writes the files.
"""

import base64
from functools import cache
from pathlib import Path

from starlette.responses import Response

from api.http.server_sent_events import write_message
from common.formats import MEDIA_TYPES

# As for speech: tenths of a second count as tokens.
_OUTPUT_TOKENS = 1


def silent_response(audio_format: str, *, media_type: str, chars: int, as_events: bool) -> Response:
    """Return the whole audio, or OpenAI's events if `as_events`. `chars` is the length of the text."""
    headers = {"Cache-Control": "no-store"}
    if as_events:
        return Response(_events(audio_format, chars=chars), headers=headers, media_type="text/event-stream")
    return Response(silence(audio_format), headers=headers, media_type=media_type)


@cache
def silence(audio_format: str) -> bytes:
    """Return a file of 100 ms."""
    return Path(__file__).with_name(f"silence.{MEDIA_TYPES[audio_format][1]}").read_bytes()


def _events(audio_format: str, *, chars: int) -> str:
    usage = {"input_tokens": chars, "output_tokens": _OUTPUT_TOKENS, "total_tokens": chars + _OUTPUT_TOKENS}
    audio = base64.b64encode(silence(audio_format)).decode()
    return write_message({"type": "speech.audio.delta", "audio": audio}) + write_message(
        {"type": "speech.audio.done", "usage": usage}
    )
