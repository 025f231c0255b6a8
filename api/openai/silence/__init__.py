"""A short silence, the answer of OpenAI's endpoint to a text with nothing to speak, such as `---`.

A reader that sends a text sentence by sentence goes on with the next one. `scripts/make_silence.py` writes the files.
"""

import base64
import io
import wave
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.responses import Response

from api.http.server_sent_events import write_message
from common.formats import MEDIA_TYPES

RATE_HZ = 24_000
_DURATION_S = 0.1
# As for speech: tenths of a second count as tokens.
_OUTPUT_TOKENS = 1


def silent_response(audio: bytes, *, media_type: str, headers: Mapping[str, str]) -> Response:
    return Response(audio, headers={"Cache-Control": "no-store", **headers}, media_type=media_type)


@cache
def silence(audio_format: str, *, rate_hz: int = RATE_HZ) -> bytes:
    """Return a file of 100 ms. Only WAV and PCM have the rate."""
    samples = b"\0\0" * round(rate_hz * _DURATION_S)
    if audio_format == "pcm":
        return samples
    return _wav(samples, rate_hz) if audio_format == "wav" else _file(audio_format)


def silent_events(audio_format: str, *, chars: int) -> bytes:
    """Return OpenAI's events. `chars` is the length of the text."""
    usage = {"input_tokens": chars, "output_tokens": _OUTPUT_TOKENS, "total_tokens": chars + _OUTPUT_TOKENS}
    audio = base64.b64encode(silence(audio_format)).decode()
    delta = write_message({"type": "speech.audio.delta", "audio": audio})
    return (delta + write_message({"type": "speech.audio.done", "usage": usage})).encode()


def _wav(samples: bytes, rate_hz: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples)
    return out.getvalue()


def _file(audio_format: str) -> bytes:
    return Path(__file__).with_name(f"silence.{MEDIA_TYPES[audio_format][1]}").read_bytes()
