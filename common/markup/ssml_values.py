"""Reads the values of SSML attributes. Raises ValueError with a message for the caller."""

import re

from common.markup.spans import MAX_PAUSE_S

DEFAULT_BREAK_S = 0.5
# Silence for each strength of <break>. SSML leaves the lengths to the processor.
_STRENGTHS_S = {
    "none": 0.0,
    "x-weak": 0.15,
    "weak": 0.25,
    "medium": DEFAULT_BREAK_S,
    "strong": 0.75,
    "x-strong": 1.2,
}
_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
# The limits of the field `speed` of a request.
MIN_RATE, MAX_RATE = 0.25, 4.0

_TIME = re.compile(r"\+?(?P<number>\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s{0,4}(?P<unit>ms|s)", re.IGNORECASE)
_RATE = re.compile(r"(?P<sign>[+-]?)(?P<number>\d{1,4}(?:\.\d{0,6})?|\.\d{1,6})(?P<percent>%?)")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}")


def break_s(*, time: str | None, strength: str | None) -> float:
    """Return the seconds of silence of a <break>. `time` wins over `strength`."""
    if time is None:
        return _strength_s(strength)
    found = _TIME.fullmatch(time.strip())
    if found is None:
        raise ValueError("The time of <break> must be like 500ms or 1.5s.")
    duration_s = float(found["number"]) / (1000 if found["unit"].lower() == "ms" else 1)
    if duration_s > MAX_PAUSE_S:
        raise ValueError(f"A <break> must not be longer than {MAX_PAUSE_S:.0f} s.")
    return duration_s


def _strength_s(strength: str | None) -> float:
    if strength is None:
        return DEFAULT_BREAK_S
    if strength.strip() not in _STRENGTHS_S:
        raise ValueError(f"The strength of <break> must be one of: {', '.join(_STRENGTHS_S)}.")
    return _STRENGTHS_S[strength.strip()]


def rate_factor(rate: str) -> float:
    """Return the factor of the speed: 0.5 for "50%", 1.2 for "+20%" and for "1.2"."""
    rate = rate.strip()
    if rate in _RATES:
        return _RATES[rate]
    found = _RATE.fullmatch(rate)
    if found is None or (found["sign"] and not found["percent"]):
        raise ValueError(
            f"The rate of <prosody> must be like 80%, +20% or 1.2, or one of: {', '.join(_RATES)}."
        )
    number = float(found["number"]) / (100 if found["percent"] else 1)
    factor = {"": number, "+": 1 + number, "-": 1 - number}[found["sign"]]
    if not MIN_RATE <= factor <= MAX_RATE:
        raise ValueError("The rate of <prosody> must be 25% to 400% of the normal speed.")
    return factor


def language_tag(tag: str) -> str | None:
    """Return a language tag, or None for "" and for a tag of another form."""
    tag = tag.strip()
    return tag if _LANGUAGE.fullmatch(tag) else None
