"""Usage statistics, speed and latencies."""

from datetime import date, datetime

from pydantic import Field

from api.schemas.base import ResponseModel


class Statistics(ResponseModel):
    """`speed_over_real_time` is seconds of audio per second of synthesis, and null without any synthesis."""

    completed: int
    failed: int
    cancelled: int
    chars: int
    audio_s: float
    size_bytes: int
    synthesis_s: float
    speed_over_real_time: float | None


class Percentiles(ResponseModel):
    """Percentiles in milliseconds, with an error of at most 9 %, and the number of jobs."""

    p50: float
    p90: float
    p99: float
    count: int


class StatisticsWithLatencies(Statistics):
    """Latencies of completed jobs since they were accepted. Null without such jobs."""

    wait_ms: Percentiles | None = Field(description="Until a worker took the job.")
    first_audio_ms: Percentiles | None = Field(
        description="Until the model returned its first audio, as `timings.first_audio_ms` of a job."
    )


class NamedStatistics(StatisticsWithLatencies):
    name: str


class HourStatistics(Statistics):
    hour: datetime


class DayStatistics(StatisticsWithLatencies):
    """The first day contains only the requested hours."""

    day: date = Field(description="In UTC.")


class QueueCounts(ResponseModel):
    """More are queued than `queued` says if `queued_is_at_least` is true."""

    queued: int
    queued_is_at_least: bool
    running: int


class Analytics(ResponseModel):
    """`totals` covers all time. The rest covers the requested `hours`, including hours and days without jobs."""

    provider: str
    models_available: list[str] = Field(description="Models that a live worker serves.")
    voices_available: int
    workers_alive: int
    queue: QueueCounts
    totals: Statistics
    audio_minutes: float
    hours: int
    window: StatisticsWithLatencies = Field(description="All requested hours.")
    by_model: list[NamedStatistics]
    by_voice: list[NamedStatistics]
    by_day: list[DayStatistics]
    series: list[HourStatistics]
