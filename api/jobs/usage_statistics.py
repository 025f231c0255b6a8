"""Statistics from the hourly rollups of usage and latencies."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from api.http.dates import utc_datetime
from api.schemas.analytics import (
    DayStatistics,
    HourStatistics,
    NamedStatistics,
    Percentiles,
    Statistics,
    StatisticsWithLatencies,
)
from common.jobs.latencies import MEASURES, Histogram, LatencyCount, histograms
from common.jobs.usage import HourlyUsage, UsageAmounts

_SUMMED = ("completed", "failed", "cancelled", "chars", "audio_s", "size_bytes", "synthesis_ms")
_DAY_H = 24


@dataclass(frozen=True, slots=True)
class Window:
    """The rollups of some hours: usage, and how long jobs took."""

    first_hour: int
    hours: int
    rows: Sequence[HourlyUsage]
    latencies: Sequence[LatencyCount]


def since_hour(hours: int) -> int:
    """Return the first of the last `hours` hours, counted from the epoch. The current hour is included."""
    return int(time.time() // 3600) - hours + 1


def totals(row: UsageAmounts) -> Statistics:
    return Statistics(**_sums([row]))


def overall(window: Window) -> StatisticsWithLatencies:
    return StatisticsWithLatencies(
        **_sums(window.rows), **_latencies(window.latencies, key=None).get(None, _NO_LATENCIES)
    )


def by_name(window: Window, column: str) -> list[NamedStatistics]:
    """Group by the column `model` or `voice_id`, most audio first."""
    latencies = _latencies(window.latencies, key=column)
    statistics = [
        NamedStatistics(name=name, **_sums(group), **latencies.get(name, _NO_LATENCIES))
        for name, group in _grouped(window.rows, lambda row: getattr(row, column)).items()
    ]
    return sorted(statistics, key=lambda one: (-one.audio_s, one.name))


def by_day(window: Window) -> list[DayStatistics]:
    """Return every UTC day, oldest first, including days without jobs."""
    grouped = _grouped(window.rows, lambda row: row.hour // _DAY_H)
    latencies = _latencies(window.latencies, key="day")
    last_hour = window.first_hour + window.hours - 1
    return [
        DayStatistics(
            day=datetime.fromtimestamp(day * _DAY_H * 3600.0, UTC).date(),
            **_sums(grouped.get(day, ())),
            **latencies.get(day, _NO_LATENCIES),
        )
        for day in range(window.first_hour // _DAY_H, last_hour // _DAY_H + 1)
    ]


def by_hour(window: Window) -> list[HourStatistics]:
    """Return every hour, oldest first, including hours without jobs."""
    grouped = _grouped(window.rows, lambda row: row.hour)
    return [
        HourStatistics(hour=utc_datetime(hour * 3600.0), **_sums(grouped.get(hour, ())))
        for hour in range(window.first_hour, window.first_hour + window.hours)
    ]


_NO_LATENCIES: Mapping[str, Percentiles | None] = {f"{measure}_ms": None for measure in MEASURES}


def _latencies(rows: Sequence[LatencyCount], *, key: str | None) -> dict[Any, dict[str, Percentiles | None]]:
    """Return the percentiles of each measure by the column `key`, or under None without a key."""
    found: dict[Any, dict[str, Percentiles | None]] = {}
    for measure in MEASURES:
        for name, histogram in histograms(rows, measure=measure, key=key).items():
            found.setdefault(name, dict(_NO_LATENCIES))[f"{measure}_ms"] = _percentiles(histogram)
    return found


def _percentiles(histogram: Histogram) -> Percentiles:
    p50, p90, p99 = (round(histogram.percentile_ms(share), 2) for share in (0.5, 0.9, 0.99))
    return Percentiles(p50=p50, p90=p90, p99=p99, count=histogram.count)


def _grouped(rows: Sequence[HourlyUsage], key: Callable[[HourlyUsage], Any]) -> dict[Any, list[HourlyUsage]]:
    groups: dict[Any, list[HourlyUsage]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _sums(rows: Iterable[UsageAmounts]) -> dict[str, Any]:
    sums = dict.fromkeys(_SUMMED, 0)
    for row in rows:
        for name in _SUMMED:
            sums[name] += getattr(row, name)
    synthesis_s = round(sums.pop("synthesis_ms") / 1000, 3)
    audio_s = round(sums.pop("audio_s"), 3)
    speed = round(audio_s / synthesis_s, 2) if synthesis_s else None
    return {**sums, "audio_s": audio_s, "synthesis_s": synthesis_s, "speed_over_real_time": speed}
