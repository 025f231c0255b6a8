"""Latency histograms by the hour, for percentiles of any time range without reading jobs.

Buckets are log-spaced, sixteen per factor of ten, so that the middle of a bucket differs from any value in it by at
most 7.5 %. Unlike percentiles, histograms of several hours, voices or models can be added.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Integer, bindparam, cast, delete, func, literal, select, true, union_all
from sqlalchemy.dialects import postgresql, sqlite

from common.db.tables import LatencyHourly
from common.jobs.usage import RETENTION_H, UsageKey

# `wait`: from acceptance to the claim. `first_audio`: from acceptance to the first audio of the engine.
Measure = Literal["wait", "first_audio"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

_PER_DECADE = 16
_MIN_MS = 0.1
# About three years. Longer latencies count here too.
_LAST_BUCKET = 193
_KEYS = ("hour", "owner", "model", "voice_id", "provider", "measure", "bucket")


def bucket_of(ms: float) -> int:
    """The bucket of a latency. Bucket 0 holds everything below 0.1 ms."""
    if ms < _MIN_MS:
        return 0
    return min(_LAST_BUCKET, 1 + math.floor(math.log10(ms / _MIN_MS) * _PER_DECADE))


def bucket_middle_ms(bucket: int) -> float:
    """The geometric mean of the bounds of a bucket."""
    if bucket == 0:
        return 0.0
    return _MIN_MS * math.pow(10.0, (bucket - 0.5) / _PER_DECADE)


@dataclass(slots=True)
class Histogram:
    """Counts by bucket."""

    counts: dict[int, int] = field(default_factory=dict)

    def add(self, bucket: int, count: int) -> None:
        self.counts[bucket] = self.counts.get(bucket, 0) + count

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def percentile_ms(self, fraction: float) -> float:
        """The percentile by nearest rank. `fraction` is above 0, up to 1. Raises ValueError for an empty histogram."""
        rank = math.ceil(fraction * self.count)
        cumulative = 0
        for bucket in sorted(self.counts):
            cumulative += self.counts[bucket]
            if cumulative >= rank > 0:
                return bucket_middle_ms(bucket)
        raise ValueError("the histogram is empty")


def add(connection: Connection, job: UsageKey, latencies_ms: Mapping[Measure, float], *, now: float) -> None:
    """Add the latencies of a completed job to this hour."""
    row = {
        "hour": int(now // 3600),
        "owner": job.owner,
        "model": job.model,
        "voice_id": job.voice_id,
        "provider": job.provider,
    }
    buckets = {measure: bucket_of(latencies_ms[measure]) for measure in MEASURES}
    connection.execute(_upsert(connection.dialect.name), row | buckets)


@dataclass(frozen=True, slots=True)
class LatencyCount:
    """The number of jobs (`total`) in a bucket on a UTC day. `day` counts from the epoch."""

    day: int
    model: str
    voice_id: str
    measure: str
    bucket: int
    total: int


def bucket_counts(connection: Connection, *, owner: str, since_hour: int) -> list[LatencyCount]:
    """The counts from `since_hour` on, by day. Hours count from the epoch."""
    day = (LatencyHourly.hour // 24).label("day")
    columns = (day, *(LatencyHourly.__table__.c[name] for name in ("model", "voice_id", "measure", "bucket")))
    # In Postgres a sum of integers is a numeric, which Python reads as a Decimal.
    total = cast(func.sum(LatencyHourly.count), LatencyHourly.count.type).label("total")
    conditions = (LatencyHourly.owner == owner, LatencyHourly.hour >= since_hour)
    rows = connection.execute(select(*columns, total).where(*conditions).group_by(*columns))
    return [LatencyCount(**row._mapping) for row in rows]


def histograms(
    rows: Iterable[LatencyCount], *, measure: Measure, key: str | None = None
) -> dict[Any, Histogram]:
    """Histograms by the column `key`. Without `key`, one histogram of all rows, under None."""
    by_key: dict[Any, Histogram] = {}
    for row in rows:
        if row.measure == measure:
            name = getattr(row, key) if key else None
            by_key.setdefault(name, Histogram()).add(row.bucket, row.total)
    return by_key


def delete_old(connection: Connection, *, now: float) -> None:
    """Delete rows that are older than the longest time range of analytics."""
    connection.execute(delete(LatencyHourly).where(LatencyHourly.hour < int(now // 3600) - RETENTION_H))


@cache
def _upsert(dialect: str) -> Any:
    """One statement for all measures, because a client waits for it. Parameters are named after measures."""
    table = LatencyHourly.__table__
    shared = [bindparam(name, type_=table.c[name].type) for name in _KEYS[:-2]]
    rows = [
        # Without a WHERE, SQLite would parse the ON of ON CONFLICT as part of a join.
        select(*shared, literal(measure), bindparam(measure, type_=Integer), literal(1)).where(true())
        for measure in MEASURES
    ]
    row = (sqlite if dialect == "sqlite" else postgresql).insert(LatencyHourly)
    return row.from_select([*_KEYS, "count"], union_all(*rows)).on_conflict_do_update(
        index_elements=_KEYS, set_={"count": LatencyHourly.count + 1}
    )
