"""Figures from the hourly rollups."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from api.schemas.analytics import Figures, HourFigures, NamedFigures
from api.views import moment
from common.tables import AnyRow

_SUMMED = ("completed", "failed", "cancelled", "chars", "audio_s", "size_bytes", "synthesis_ms")


def since_hour(hours: int) -> int:
    """The number (since the epoch) of the first of the last `hours` hours, this one included."""
    return int(time.time() // 3600) - hours + 1


def totals(row: AnyRow) -> Figures:
    return Figures(**_figures([row]))


def by_name(rows: Sequence[AnyRow], name: Callable[[AnyRow], str]) -> list[NamedFigures]:
    """Most audio first."""
    figures = [NamedFigures(name=key, **_figures(some)) for key, some in _grouped(rows, name).items()]
    return sorted(figures, key=lambda one: (-one.audio_s, one.name))


def by_hour(rows: Sequence[AnyRow], *, first: int, hours: int) -> list[HourFigures]:
    """Every hour, oldest first, also those in which nothing happened."""
    grouped = _grouped(rows, lambda row: row.hour)
    return [
        HourFigures(hour=moment(hour * 3600.0), **_figures(grouped.get(hour, ())))
        for hour in range(first, first + hours)
    ]


def _grouped(rows: Sequence[AnyRow], key: Callable[[AnyRow], Any]) -> dict[Any, list[AnyRow]]:
    groups: dict[Any, list[AnyRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _figures(rows: Iterable[AnyRow]) -> dict[str, Any]:
    sums = dict.fromkeys(_SUMMED, 0)
    for row in rows:
        for name in _SUMMED:
            sums[name] += getattr(row, name)
    synthesis_s = round(sums.pop("synthesis_ms") / 1000, 3)
    audio_s = round(sums.pop("audio_s"), 3)
    speed = round(audio_s / synthesis_s, 2) if synthesis_s else None
    return {**sums, "audio_s": audio_s, "synthesis_s": synthesis_s, "speed_over_real_time": speed}
