"""Days and moments in a query, by ISO 8601; what names no zone is UTC."""

from datetime import UTC, date, datetime, timedelta
from math import inf, nextafter

from common.errors import InvalidRequest


def utc_datetime(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


def utc_datetime_or_none(epoch_s: float | None) -> datetime | None:
    return None if epoch_s is None else utc_datetime(epoch_s)


def start_of(said: str | None, *, param: str) -> float | None:
    """Epoch seconds; of a date, its first moment. Raises InvalidRequest."""
    if said is None:
        return None
    found = _read(said, param=param)
    return found.timestamp() if isinstance(found, datetime) else _midnight(found).timestamp()


def end_of(said: str | None, *, param: str) -> float | None:
    """Epoch seconds of what is no longer in it: behind the moment, or behind the whole day. Raises InvalidRequest."""
    if said is None:
        return None
    found = _read(said, param=param)
    if isinstance(found, datetime):
        return nextafter(found.timestamp(), inf)
    return (_midnight(found).timestamp()) + timedelta(days=1).total_seconds()


def _read(said: str, *, param: str) -> date | datetime:
    # The plus of a zone that was not escaped arrives as a blank.
    whole = said.replace(" ", "+") if "T" in said else said
    for kind in (date, datetime):
        try:
            found = kind.fromisoformat(whole)
            return _in_utc(found) if isinstance(found, datetime) else found
        except (ValueError, OverflowError):
            continue
    raise InvalidRequest(
        f"{param}: a date or a moment by ISO 8601, such as 2026-05-01 or 2026-05-01T08:30:00Z.", param=param
    )


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
