"""How much was spoken, how fast, and how long people waited."""

from datetime import date, datetime

from pydantic import Field

from api.schemas.base import ResponseModel


class Statistics(ResponseModel):
    """`speed_over_real_time`: seconds of audio per second of synthesis; null when nothing was spoken."""

    completed: int
    failed: int
    cancelled: int
    chars: int
    audio_s: float
    size_bytes: int
    synthesis_s: float
    speed_over_real_time: float | None


class Percentiles(ResponseModel):
    """Milliseconds that half, nine in ten, 99 in 100 jobs stayed within, each at most 9 % off; of so many jobs."""

    p50: float
    p90: float
    p99: float
    count: int


class StatisticsWithLatencies(Statistics):
    """How long jobs that ended well were waited for from their acceptance on; null when there is none."""

    wait_ms: Percentiles | None = Field(description="Until a worker took the job.")
    first_audio_ms: Percentiles | None = Field(
        description="Until the model's first speech was there, as `timings.first_audio_ms` of a job says."
    )


class NamedStatistics(StatisticsWithLatencies):
    name: str


class HourStatistics(Statistics):
    hour: datetime


class DayStatistics(StatisticsWithLatencies):
    """Of the first day only the hours that were asked for."""

    day: date = Field(description="In UTC.")


class QueueCounts(ResponseModel):
    queued: int
    running: int


class Analytics(ResponseModel):
    """`totals` are of all time; the rest covers the `hours` asked for, hours and days without a job included."""

    provider: str
    models_available: list[str] = Field(description="Models with a worker alive.")
    voices_available: int
    workers_alive: int
    queue: QueueCounts
    totals: Statistics
    audio_minutes: float
    hours: int
    window: StatisticsWithLatencies = Field(description="All of the hours asked for.")
    by_model: list[NamedStatistics]
    by_voice: list[NamedStatistics]
    by_day: list[DayStatistics]
    series: list[HourStatistics]
