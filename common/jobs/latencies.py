"""How long people waited, in buckets by the hour: percentiles of any window without counting jobs.

Buckets are log-spaced, sixteen to a factor of ten, so that the middle of one is at most 7.5 % off from anything in it.
What was counted in two hours, voices or models adds up, which percentiles themselves do not.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Integer, bindparam, cast, delete, func, literal, select, true, union_all
from sqlalchemy.dialects import postgresql, sqlite

from common.db.tables import LatencyHourly
from common.jobs.usage import UsageKey

# From acceptance until a worker took it; from acceptance until the engine's first speech was there.
Measure = Literal["wait", "first_audio"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

# As long as anybody can ask for, and what is left of the first day.
RETENTION_H = 24 * 93

_PER_DECADE = 16
_MIN_MS = 0.1
# Three years; whatever was longer, nobody waited for it.
_LAST_BUCKET = 193
_KEYS = ("hour", "owner", "model", "voice_id", "provider", "measure", "bucket")


def bucket_of(ms: float) -> int:
    """0 is all that is too short to tell."""
    if ms < _MIN_MS:
        return 0
    return min(_LAST_BUCKET, 1 + math.floor(math.log10(ms / _MIN_MS) * _PER_DECADE))


def bucket_middle_ms(bucket: int) -> float:
    """Of a bucket, as far from its lower end as from its upper one, by factors."""
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
        """What `share` (above 0, up to 1) of all stayed within: the nearest rank. Raises ValueError without any."""
        rank = math.ceil(fraction * self.count)
        cumulative = 0
        for bucket in sorted(self.counts):
            cumulative += self.counts[bucket]
            if cumulative >= rank > 0:
                return bucket_middle_ms(bucket)
        raise ValueError("nothing was counted")


def add(connection: Connection, job: UsageKey, latencies_ms: Mapping[Measure, float], *, now: float) -> None:
    """Add a job that ended well to this hour; `waited` is in milliseconds, `job` as in `usage.count`."""
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
    """How many jobs (`total`) of a voice fell into a bucket on a UTC day, counted from the epoch."""

    day: int
    model: str
    voice_id: str
    measure: str
    bucket: int
    total: int


def bucket_counts(connection: Connection, *, owner: str, since_hour: int) -> list[LatencyCount]:
    """Counts of the hours from `since_hour` on."""
    day = (LatencyHourly.hour // 24).label("day")
    columns = (day, *(LatencyHourly.__table__.c[name] for name in ("model", "voice_id", "measure", "bucket")))
    # Postgres adds up integers into a numeric, which Python reads as a Decimal.
    total = cast(func.sum(LatencyHourly.count), LatencyHourly.count.type).label("total")
    conditions = (LatencyHourly.owner == owner, LatencyHourly.hour >= since_hour)
    rows = connection.execute(select(*columns, total).where(*conditions).group_by(*columns))
    return [LatencyCount(**row._mapping) for row in rows]


def histograms(
    rows: Iterable[LatencyCount], *, measure: Measure, key: str | None = None
) -> dict[Any, Histogram]:
    """Of such rows, by the column `key`; all in one, under None, without it."""
    by_key: dict[Any, Histogram] = {}
    for row in rows:
        if row.measure == measure:
            name = getattr(row, key) if key else None
            by_key.setdefault(name, Histogram()).add(row.bucket, row.total)
    return by_key


def delete_old(connection: Connection, *, now: float) -> None:
    """Remove what is further back than anybody can ask."""
    connection.execute(delete(LatencyHourly).where(LatencyHourly.hour < int(now // 3600) - RETENTION_H))


@cache
def _upsert(dialect: str) -> Any:
    """One statement for all measures: an end is on the way of whoever waits. The parameters name their buckets."""
    table = LatencyHourly.__table__
    shared = [bindparam(name, type_=table.c[name].type) for name in _KEYS[:-2]]
    rows = [
        # SQLite takes an ON for a join's where no WHERE stands before it.
        select(*shared, literal(measure), bindparam(measure, type_=Integer), literal(1)).where(true())
        for measure in MEASURES
    ]
    row = (sqlite if dialect == "sqlite" else postgresql).insert(LatencyHourly)
    return row.from_select([*_KEYS, "count"], union_all(*rows)).on_conflict_do_update(
        index_elements=_KEYS, set_={"count": LatencyHourly.count + 1}
    )
