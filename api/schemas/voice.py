"""Voices, and whether they can be spoken now."""

from pydantic import Field

from api.schemas.base import ResponseModel


class VoiceWorker(ResponseModel):
    """A worker that has the voice's weights; `loaded` when they are in its memory now."""

    id: str
    device: str
    loaded: bool


class VoiceView(ResponseModel):
    """`provider` is where a request would be spoken now; null when it would be refused, with the `reason`."""

    id: str
    name: str
    model: str
    languages: list[str] = Field(description="BCP 47 tags.")
    gender: str
    style: bool = Field(description="Whether `style` of a request has an effect.")
    sample_rate_hz: int
    license: str
    provider: str | None
    available: bool
    reason: str | None
    is_default: bool
    note: str | None = Field(description="What local workers do badly with it.")
    runs_on: str
    slow: bool = Field(description="No GPU has it: a CPU takes many times as long as the sound lasts.")
    workers: list[VoiceWorker]


class Voices(ResponseModel):
    voices: list[VoiceView]
