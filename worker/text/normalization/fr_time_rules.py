"""French rules for times and durations: "14 h 30", "1 h 43 min 21 s"."""

import re

from worker.text.normalization import fr_numbers
from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import DIGITS, Rule

_HOUR = r"\d{1,2} ?[hH](?: ?\d{2})?"
_HOUR_RANGE = re.compile(rf"(?<![\w.,:/])({_HOUR}) ?[-–] ?(?={_HOUR}(?!\w))")  # noqa: RUF001
_SHORT_HOUR_RANGE = re.compile(rf"(?<![\w.,:/-])(\d{{1,2}}) ?[-–] ?(?={_HOUR}(?!\w))")  # noqa: RUF001
_TIME = re.compile(
    r"(?<![\w.,:/])(?P<hour>\d{1,3}) ?[hH](?: ?(?P<minute>[0-5]?\d)(?![\d%€$°:/]|[.,]\d| \d)"
    r"(?P<shown> ?(?:min|mn)(?![^\W\d]))?(?: ?(?P<second>[0-5]?\d) ?s(?![\w']))?)?(?![\w²'])"
)
_MINUTES = re.compile(r"(?<![\w.,:/])(?P<minute>\d{1,3}) ?(?:min|mn) ?(?P<second>[0-5]?\d) ?s(?![\w'])")
_SECONDS = re.compile(r"(?<![\w.,])(\d{1,4}(?:,\d{1,3})?) s(?![\w'-]|\.\w)")


def hour_rules(language: Language) -> tuple[Rule, ...]:
    def say_first_hour(match: re.Match[str]) -> str:
        return f"{fr_numbers.to_feminine(language.say_cardinal(int(match[1])))} à "

    return (
        Rule(_HOUR_RANGE, lambda match: f"{match[1]} à ", needs="-–"),  # noqa: RUF001
        Rule(_SHORT_HOUR_RANGE, say_first_hour, needs="-–"),  # noqa: RUF001
        Rule(_TIME, lambda match: _say_time(match, language=language), needs=DIGITS),
        Rule(
            _MINUTES,
            lambda match: say_measures(
                [match["minute"], match["second"]], names=_TIME_UNITS[1:], language=language
            ),
            needs=DIGITS,
        ),
        Rule(
            re.compile(r"(?<![\w.,°])(\d{1,3})['′] ?([0-5]\d)(?:[\"″]|'')"),  # noqa: RUF001
            lambda match: say_measures([match[1], match[2]], names=_TIME_UNITS[1:], language=language),
            needs="'′",  # noqa: RUF001
        ),
        Rule(_SECONDS, lambda match: f"{match[1]} sec", needs=DIGITS),
    )


_TIME_UNITS = ("heure", "minute", "seconde")


def _say_time(match: re.Match[str], *, language: Language) -> str:
    """Return a time, as "quatorze heures trente". Minutes and seconds are named if their units are written."""
    hour, minute, second = match["hour"], match["minute"], match["second"]
    if second:
        return say_measures([hour, minute, second], names=_TIME_UNITS, language=language)
    if match["shown"]:
        return say_measures([hour, minute], names=_TIME_UNITS, language=language)
    return language.say_time(hour=int(hour), minute=int(minute or 0), second=None)


def say_measures(numbers: list[str], *, names: tuple[str, ...], language: Language) -> str:
    """Return numbers with their units, as "deux heures cinq minutes"."""
    measures = []
    for number, name in zip(numbers, names, strict=False):
        value = language.parse_number(number.replace(".", ","))
        words = language.say_number(number.lstrip("0") or "0")
        measures.append(f"{language.agree(words, name)} {name}{'s' * (not language.is_singular(value))}")
    return " ".join(measures)
