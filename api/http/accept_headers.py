"""Parse the quality values of `Accept-Language`, `Accept-Encoding` and similar headers."""

import re

_ITEM = re.compile(r"\s*([^\s;,]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


def quality_values(header: str) -> dict[str, float]:
    """Return each name in lower case with its quality (RFC 9110, 12.4.2), without items that do not parse."""
    items = (_ITEM.fullmatch(item) for item in header.split(","))
    return {item[1].lower(): float(item[2] or 1) for item in items if item}


def prefers_french(accept_language: str) -> bool:
    qualities = quality_values(accept_language)
    english, french = (_quality_of(qualities, code) for code in ("en", "fr"))
    return french > english


def _quality_of(qualities: dict[str, float], code: str) -> float:
    """Return the quality of a language, including its regions: `fr-CA` is French."""
    return max(
        (quality for name, quality in qualities.items() if name.partition("-")[0] == code), default=0.0
    )
