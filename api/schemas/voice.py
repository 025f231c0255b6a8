"""Voices and their availability."""

from pydantic import Field

from api.schemas.base import ResponseModel


class VoiceWorker(ResponseModel):
    """A live worker that serves the weights of the voice. `loaded` means that they are in memory."""

    id: str
    device: str
    loaded: bool


class VoiceView(ResponseModel):
    """`provider` is what a request would use now. It is null if the request would be rejected for `reason`."""

    id: str
    name: str
    model: str
    languages: list[str] = Field(description="BCP 47 tags.")
    gender: str
    style: bool = Field(description="Whether the voice supports `style`.")
    sample_rate_hz: int
    license: str
    provider: str | None
    available: bool
    reason: str | None
    is_default: bool
    note: str | None = Field(description="Known limitations of local workers.")
    runs_on: str
    slow: bool = Field(description="No GPU serves it. A CPU takes many times the length of the audio.")
    workers: list[VoiceWorker]


class Voices(ResponseModel):
    voices: list[VoiceView]
