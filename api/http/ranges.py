"""Conditional and range requests (RFC 9110) for audio files."""

import re
from dataclasses import dataclass

from starlette.datastructures import Headers

from common.errors import RangeNotSatisfiable

_SINGLE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes [start, end)."""

    start: int
    end: int


def etag_matches(headers: Headers, *, etag: str) -> bool:
    """Return whether If-None-Match names this file, so that the client already has it."""
    header = headers.get("if-none-match")
    if header is None:
        return False
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in header.split(","))


def requested_span(headers: Headers, *, size: int, etag: str, last_modified: str) -> Span | None:
    """Return the requested bytes, or None for the whole file.

    The whole file is sent without a Range, for several ranges, an unknown unit, and an If-Range that does not match.
    Raises RangeNotSatisfiable if the range starts after the end.
    """
    match = _SINGLE.fullmatch(headers.get("range", ""))
    if match is None or headers.get("if-range", etag) not in (etag, last_modified):
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        span = Span(max(0, size - int(last)), size)
    elif last and int(last) < int(first):
        return None
    else:
        span = Span(int(first), min(size, int(last) + 1) if last else size)
    if span.start >= span.end:
        raise RangeNotSatisfiable(
            f"The range starts after the end of the file, which has {size} bytes.", param="Range"
        )
    return span
