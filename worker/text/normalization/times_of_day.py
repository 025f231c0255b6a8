"""Put times of day into words."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

import re

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Rule

_HALF_DAY = r"(?P<half>[apAP])\.? ?[mM](?:\.|(?!\w))"
_TWELVE_HOUR = re.compile(
    rf"(?<![\w.:,])(?P<hour>\d{{1,2}})(?:[:.](?P<minute>\d{{2}})(?::\d{{2}})?)? ?{_HALF_DAY}(?!\w)"
)
_RANGE = re.compile(
    r"(?<=\d) ?[-–] ?(?=\d{1,2}:\d{2}(?!\d))|(?:(?<=[apAP][mM])|(?<=[apAP]\.[mM]\.))(?: - | ?– ?|-)(?=\d)"
)
_BEFORE_HALF_DAY = re.compile(
    rf"(?<![\w.:,-])(\d{{1,2}}(?::\d{{2}})?) ?[-–] ?(?=\d{{1,2}}(?::\d{{2}})? ?{_HALF_DAY})"
)
_CAPITAL = re.compile(r" [A-Z][a-z]")


def time_rules(language: Language) -> tuple[Rule, ...]:
    day = re.compile(
        r"(?<![\w.:,])(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?: ?h(?!\w)|(?![\w:]|[.,]\d))"
        rf"(?:{language.time_suffix})?"
    )
    to = f" {language.words['to']} "
    return (
        Rule(
            _BEFORE_HALF_DAY,
            lambda match: f"{_say_without_half(match[1], language=language)}{to}",
            needs="-–",
        ),
        Rule(_RANGE, lambda _: to, needs="-–"),
        Rule(_TWELVE_HOUR, lambda match: _say_12_hour(match, language=language), needs="mM"),
        Rule(day, lambda match: _say_24_hour(match, language=language), needs=":"),
    )


def _say_24_hour(match: re.Match[str], *, language: Language) -> str | None:
    hour, second = int(match["hour"]), match["second"]
    if hour > 24:
        return (
            f"{language.say_cardinal(hour)} {language.say_cardinal(int(match['minute']))}"
            if second is None
            else None
        )
    return language.say_time(hour=hour, minute=int(match["minute"]), second=int(second) if second else None)


def _say_12_hour(match: re.Match[str], *, language: Language) -> str | None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if hour > 23 or minute > 59:
        return None
    words = language.say_12_hour_time(hour=hour, minute=minute, half=f"{match['half'].upper()}M")
    return f"{words}{_full_stop(match)}"


def _say_without_half(time: str, *, language: Language) -> str:
    """Return the first time of a range whose second time has the AM or PM."""
    hour, _, minute = time.partition(":")
    return language.say_12_hour_time(hour=int(hour), minute=int(minute or 0), half="").rstrip()


def _full_stop(match: re.Match[str]) -> str:
    """Return a point if the point of "p.m." also ends the sentence, else an empty string."""
    rest = match.string[match.end() : match.end() + 3]
    return "." if match[0].endswith(".") and (not rest.strip(" \"')") or _CAPITAL.match(rest)) else ""
