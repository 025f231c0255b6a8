"""The names of ElevenLabs' output formats, such as `mp3_44100_128`: codec, sample rate and, of some, bit rate.

A codec alone has the rate of the voice, but `pcm` is `pcm_24000`, because raw samples do not say their rate.
"""

import re
from dataclasses import dataclass

from api.schemas.synthesis import AudioFormat
from common.errors import InvalidRequest

_NAME = re.compile(r"(mp3|pcm|wav|opus)_(\d{4,5})(?:_(\d{2,3}))?")
# With these names alone the sound has the rate of the voice.
_CODECS: dict[str, AudioFormat] = {"mp3": "mp3", "wav": "wav", "opus": "opus"}
_RATES_HZ: dict[str, tuple[int, ...]] = {
    "mp3": (22050, 24000, 44100),
    "opus": (48000,),
    "pcm": (8000, 16000, 22050, 24000, 32000, 44100, 48000),
    "wav": (8000, 16000, 22050, 24000, 32000, 44100, 48000),
}


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """How a job makes a format. `sent_name` is the name of what is really sent.

    `sample_rate_hz` 0 is the rate of the voice. Raw samples are a WAV file without its header, because a recording must
    say its rate.
    """

    audio_format: AudioFormat
    sample_rate_hz: int
    sent_name: str
    is_raw: bool = False


def parse(name: str | None) -> OutputFormat:
    """Raises InvalidRequest for a format that this service cannot send."""
    name = (name or "mp3").lower()
    if name in _CODECS:
        return OutputFormat(_CODECS[name], 0, name)
    found = _NAME.fullmatch("pcm_24000" if name == "pcm" else name)
    if found is None or int(found[2]) not in _RATES_HZ[found[1]]:
        raise InvalidRequest(
            "output_format is not supported. Use mp3, mp3_44100_64, pcm_16000, wav_24000, opus_48000_64 or another rate"
            " of these. There is no ulaw and no alaw: use pcm_8000 and convert it.",
            code="format_unavailable",
            param="output_format",
        )
    codec, rate_hz = found[1], int(found[2])
    if codec == "pcm":
        return OutputFormat("wav", rate_hz, f"pcm_{rate_hz}", is_raw=True)
    if codec == "wav":
        return OutputFormat("wav", rate_hz, f"wav_{rate_hz}")
    if codec == "opus":
        # The bit rate follows the sound.
        return OutputFormat("opus", 0, "opus_48000")
    return OutputFormat("mp3", rate_hz, f"mp3_{rate_hz}_{64 if rate_hz <= 24000 else 96}")
