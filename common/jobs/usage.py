"""Hourly totals of jobs, characters and seconds, updated when a job ends, so that analytics need not read jobs."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Protocol, cast

from sqlalchemy import Connection, Table, bindparam, delete, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from common.db.database import sum_or_zero, upsert
from common.db.tables import UsageHourly

_USAGE = cast(Table, UsageHourly.__table__)
# 92 days is the longest time range of analytics. One more day completes its first day.
RETENTION_H = 24 * 93
# The hour of the sums of all older hours.
_MERGED_HOUR = 0
_KEYS = ("hour", "owner", "model", "voice_id", "provider")


class UsageKey(Protocol):
    """The columns that usage is grouped by."""

    @property
    def owner(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def voice_id(self) -> str: ...

    @property
    def provider(self) -> str: ...


def add(connection: Connection, job: UsageKey, *, now: float, **amounts: float) -> None:
    """Add `amounts` (column names and values) to the totals of this hour."""
    row = {
        "hour": int(now // 3600),
        "owner": job.owner,
        "model": job.model,
        "voice_id": job.voice_id,
        "provider": job.provider,
    }
    connection.execute(_upsert(connection.dialect.name, tuple(amounts)), row | amounts)


@cache
def _upsert(dialect: str, amounts: tuple[str, ...]) -> Any:
    """The statement that inserts a row or adds to it. Parameters are named after its columns."""
    row = (sqlite if dialect == "sqlite" else postgresql).insert(_USAGE)
    return row.values({name: bindparam(name) for name in (*_KEYS, *amounts)}).on_conflict_do_update(
        index_elements=_KEYS, set_={name: _USAGE.c[name] + row.excluded[name] for name in amounts}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageAmounts:
    completed: int
    failed: int
    cancelled: int
    chars: int
    audio_s: float
    size_bytes: int
    synthesis_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyUsage(UsageAmounts):
    """A row of `usage_hourly`. `hour` counts from the epoch."""

    hour: int
    model: str
    voice_id: str
    provider: str


def hourly(connection: Connection, *, owner: str, since_hour: int) -> list[HourlyUsage]:
    """The rows from `since_hour` on, oldest first."""
    columns = (_USAGE.c[one.name] for one in fields(HourlyUsage))
    rows = connection.execute(
        select(*columns)
        .where(UsageHourly.owner == owner, UsageHourly.hour >= since_hour)
        .order_by(UsageHourly.hour)
    )
    return [HourlyUsage(**row._mapping) for row in rows]


def totals(connection: Connection, *, owner: str) -> UsageAmounts:
    sums = [sum_or_zero(_USAGE.c[one.name]).label(one.name) for one in fields(UsageAmounts)]
    row = connection.execute(select(*sums).where(UsageHourly.owner == owner)).one()
    return UsageAmounts(**row._mapping)


def merge_old(connection: Connection, *, now: float) -> None:
    """Merge the rows that are older than any time range of analytics. Only the totals need them."""
    is_old = (UsageHourly.hour > _MERGED_HOUR, UsageHourly.hour < int(now // 3600) - RETENTION_H)
    keys = [_USAGE.c[name] for name in _KEYS[1:]]
    amounts = {column.name: func.sum(column) for column in _USAGE.c if column.name not in _KEYS}
    merged = select(literal(_MERGED_HOUR), *keys, *amounts.values()).where(*is_old).group_by(*keys)
    row = upsert(connection, UsageHourly)
    connection.execute(
        row.from_select([*_KEYS, *amounts], merged).on_conflict_do_update(
            index_elements=_KEYS, set_={name: _USAGE.c[name] + row.excluded[name] for name in amounts}
        )
    )
    connection.execute(delete(UsageHourly).where(*is_old))


def synthesis_s_per_char(
    connection: Connection, *, model: str | None, since_hour: int, provider: str | None = None
) -> float | None:
    """Seconds of synthesis per character of text. None without completed jobs since `since_hour`."""
    query = select(sum_or_zero(UsageHourly.synthesis_ms), sum_or_zero(UsageHourly.chars)).where(
        UsageHourly.hour >= since_hour
    )
    for column, value in ((UsageHourly.model, model), (UsageHourly.provider, provider)):
        if value:
            query = query.where(column == value)
    synthesis_ms, chars = connection.execute(query).one()
    return synthesis_ms / 1000 / chars if chars else None


def spoken_by_voice(
    connection: Connection, *, model: str, provider: str, since_hour: int
) -> dict[str, tuple[int, float]]:
    """Characters of text and seconds of audio by voice id."""
    rows = connection.execute(
        select(UsageHourly.voice_id, sum_or_zero(UsageHourly.chars), sum_or_zero(UsageHourly.audio_s))
        .where(UsageHourly.hour >= since_hour, UsageHourly.model == model, UsageHourly.provider == provider)
        .group_by(UsageHourly.voice_id)
    )
    return {voice_id: (chars, audio_s) for voice_id, chars, audio_s in rows}
