"""Parse ISO 8601 dates in queries, and convert epoch seconds to dates. Without a time zone, UTC is assumed."""

from datetime import UTC, date, datetime, timedelta
from math import inf, nextafter

from common.errors import InvalidRequest


def utc_datetime(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


def utc_datetime_or_none(epoch_s: float | None) -> datetime | None:
    return None if epoch_s is None else utc_datetime(epoch_s)


def start_of(value: str | None, *, param: str) -> float | None:
    """Return the epoch seconds of a time, or of the start of a day. Raises InvalidRequest."""
    if value is None:
        return None
    parsed = _parse(value, param=param)
    return parsed.timestamp() if isinstance(parsed, datetime) else _midnight(parsed).timestamp()


def end_of(value: str | None, *, param: str) -> float | None:
    """Return the first epoch seconds after a time, or after a whole day. Raises InvalidRequest."""
    if value is None:
        return None
    parsed = _parse(value, param=param)
    if isinstance(parsed, datetime):
        return nextafter(parsed.timestamp(), inf)
    return (_midnight(parsed).timestamp()) + timedelta(days=1).total_seconds()


def _parse(value: str, *, param: str) -> date | datetime:
    # The plus sign of a time zone arrives as a space if the client did not escape it.
    text = value.replace(" ", "+") if "T" in value else value
    for kind in (date, datetime):
        try:
            parsed = kind.fromisoformat(text)
            return _in_utc(parsed) if isinstance(parsed, datetime) else parsed
        except (ValueError, OverflowError):
            continue
    raise InvalidRequest(
        f"{param} must be an ISO 8601 date or time, such as 2026-05-01 or 2026-05-01T08:30:00Z.", param=param
    )


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
