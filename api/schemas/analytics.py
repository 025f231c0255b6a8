"""How much was spoken, and how fast."""

from datetime import datetime

from pydantic import Field

from api.schemas.wire import Answer


class Figures(Answer):
    """`speed_over_real_time`: seconds of audio per second of synthesis; null when nothing was spoken."""

    completed: int
    failed: int
    cancelled: int
    chars: int
    audio_s: float
    size_bytes: int
    synthesis_s: float
    speed_over_real_time: float | None


class NamedFigures(Figures):
    name: str


class HourFigures(Figures):
    hour: datetime


class QueueFigures(Answer):
    queued: int
    running: int


class Analytics(Answer):
    """`totals` are of all time; the breakdowns cover the `hours` asked for, hours without a job included."""

    provider: str
    models_available: list[str] = Field(description="Models with a worker alive.")
    voices_available: int
    workers_alive: int
    queue: QueueFigures
    totals: Figures
    audio_minutes: float
    hours: int
    by_model: list[NamedFigures]
    by_voice: list[NamedFigures]
    series: list[HourFigures]
