"""Conditional and partial requests (RFC 9110), as far as a file of audio needs them."""

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
    """If-None-Match names this very file: the caller has it."""
    header = headers.get("if-none-match")
    if header is None:
        return False
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in header.split(","))


def requested_span(headers: Headers, *, size: int, etag: str, last_modified: str) -> Span | None:
    """None for the whole file: no Range, several ranges, an unknown unit, or an If-Range that does not hold.

    Raises RangeNotSatisfiable when the range begins behind the end.
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
        raise RangeNotSatisfiable(f"The file has {size} bytes.", param="Range")
    return span
