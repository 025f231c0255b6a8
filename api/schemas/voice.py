"""Voices, and whether they can be spoken now."""

from pydantic import Field

from api.schemas.wire import Answer


class VoiceView(Answer):
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


class Voices(Answer):
    voices: list[VoiceView]
