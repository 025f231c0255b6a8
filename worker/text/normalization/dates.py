"""Put dates into words, numeric or with the name of the month."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

import re
from collections.abc import Mapping

from babel import Locale

from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import Replacement, Rule

_ISO = re.compile(
    r"(?<![\w.:/-])(?P<year>\d{4})(?P<mark>[-/])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
    r"(?![\w/-]|[.:]\d)"
)
_NUMERIC = re.compile(r"(?<![\w./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\w/-]|[.]\d)")
_DASH = " ?[-–] ?"
_CENTURY_PIVOT = 50  # two-digit years below this are in the 2000s


def date_rules(language: Language) -> tuple[Rule, ...]:
    months = month_names(language)
    name = rf"(?P<month>{'|'.join(sorted(map(re.escape, months), key=len, reverse=True))})(?!\w)\.?"
    connector = rf"(?:{language.month_connector} )?" if language.month_connector else ""
    day = rf"(?P<day>\d{{1,2}})(?!\d)(?: ?(?:{language.ordinal_suffixes})(?!\w)|\.(?= ))?"
    year = rf"(?:,? {connector}(?P<year>\d{{4}})(?![\d:%]|[.,]\d))?"
    article = rf"(?:{language.day_article} )?" if language.day_article else ""
    first_day = rf"(?P<first>\d{{1,2}}){_DASH}"
    month_year = rf"(?<!\w){name},? {connector}(?P<year>\d{{4}})(?![\d:%]|[.,]\d)"
    patterns = [
        (
            rf"(?<![\w.,:/-]){article}(?:{first_day})?{day} {connector}{name}{year}",
            _date_replacement(language, months, month_first=False),
        )
    ]
    if language.month_first:
        no_time_after = r"(?![\w:%]|[.,]\d| ?[ap]\.?m\b)"
        pattern = rf"(?<!\w){name} (?:{first_day})?{day}{no_time_after}{year}"
        patterns.append((pattern, _date_replacement(language, months, month_first=True)))
    patterns.append(
        (
            month_year,
            lambda match: language.say_month_year(
                month=_month_of_match(match, months), year=int(match["year"])
            ),
        )
    )
    return (
        Rule(_ISO, lambda match: _say_iso_date(match, language=language), needs="-/"),
        Rule(_NUMERIC, lambda match: _say_numeric_date(match, language=language), needs="-/."),
        *(
            Rule(re.compile(pattern, re.IGNORECASE), say_written_date)
            for pattern, say_written_date in patterns
        ),
    )


def month_names(language: Language) -> dict[str, str]:
    """Map full and short month names in lower case to the full CLDR names."""
    formats = Locale.parse(language.locale).months["format"]
    names = {
        formats[width][month].lower().rstrip("."): formats["wide"][month]
        for width in ("abbreviated", "wide")
        for month in range(1, 13)
    }
    return names | {short: formats["wide"][month] for short, month in language.short_months.items()}


def name_range_rules(language: Language) -> tuple[Rule, ...]:
    """Return the rules for ranges of weekdays or months, as "Mon-Fri", and for short weekdays before a date."""
    formats = Locale.parse(language.locale).days["format"]
    days = {
        formats[width][day].lower().rstrip("."): formats["wide"][day]
        for width in ("abbreviated", "wide")
        for day in range(7)
    }
    to = f" {language.words['to']} "

    def rule(names: Mapping[str, str]) -> Rule:
        name = f"({'|'.join(sorted(map(re.escape, names), key=len, reverse=True))})"
        pattern = re.compile(rf"(?<![\w-]){name}\.?{_DASH}{name}(?![\w-])\.?", re.IGNORECASE)
        return Rule(
            pattern, lambda match: to.join(names[found.lower()] for found in match.groups()), needs="-–"
        )

    months = month_names(language)
    month_of_name = f"({'|'.join(sorted(map(re.escape, months), key=len, reverse=True))})"
    joined = rf"(?<![\w.,:/-])(\d{{1,2}})([-–/]){month_of_name}\.?\2(\d{{4}}|\d{{2}})(?![\w-]|[.,/:]\d)"
    # Any other word after "12 Jan 24" could be the noun that it counts.
    end = rf"(?=$|[.,;:!?)\n](?!\d)| [-–] | (?:{language.after_date})(?!\w))"
    short_year = rf"(?<![\w.,:/-])(\d{{1,2}})\.? {month_of_name}\.? '?(\d\d){end}"
    weekdays = "|".join(
        sorted((re.escape(day) for day in days if days[day].lower() != day), key=len, reverse=True)
    )
    month = f"(?:{'|'.join(map(re.escape, months))})"
    weekday_before_date = rf"(?<![\w-])({weekdays})\.?(?=,? (?:\d{{1,2}}(?!\w|[:.]\d)|{month}(?!\w)))"
    return (
        Rule(
            re.compile(short_year, re.IGNORECASE),
            lambda match: f"{match[1]}. {months[match[2].lower()]} {_full_year(match[3])}",
        ),
        Rule(
            re.compile(
                rf"(?<![\w.,:/–-])(\d{{1,2}})-{month_of_name}(?![\w-]|\.?-| \d{{1,2}}(?!\d))", re.IGNORECASE
            ),
            lambda match: f"{match[1]}. {months[match[2].lower()]}",
            needs="-",
        ),
        # "15-Jan-2020" becomes "15. January 2020", which the rules for dates read.
        Rule(
            re.compile(joined, re.IGNORECASE),
            lambda match: f"{match[1]}. {months[match[3].lower()]} {_full_year(match[4])}",
            needs="-–/",
        ),
        rule(days),
        rule(months),
        Rule(
            re.compile(rf"(?<=\d){_DASH}(?={month}(?!\w))", re.IGNORECASE),
            lambda _: to,
        ),
        Rule(re.compile(weekday_before_date, re.IGNORECASE), lambda match: days[match[1].lower()]),
    )


def month_name(month: int, *, language: Language) -> str:
    return str(Locale.parse(language.locale).months["format"]["wide"][month])


def _full_year(digits: str) -> int:
    if len(digits) == 4:
        return int(digits)
    return int(digits) + (2000 if int(digits) < _CENTURY_PIVOT else 1900)


def _month_of_match(match: re.Match[str], months: Mapping[str, str]) -> str:
    return months[match["month"].lower()]


def _date_replacement(language: Language, months: Mapping[str, str], *, month_first: bool) -> Replacement:
    def say_written_date(match: re.Match[str]) -> str | None:
        day, first_day, year = int(match["day"]), match["first"], match["year"]
        if not 1 <= day <= 31 or (match["month"] in language.ambiguous_months and not year):
            return None
        month = _month_of_match(match, months)
        year_number = int(year) if year else None
        if first_day:
            return language.say_days(
                int(first_day), day, month=month, year=year_number, month_first=month_first
            )
        return language.say_date(day=day, month=month, year=year_number, month_first=month_first)

    return say_written_date


def _say_iso_date(match: re.Match[str], *, language: Language) -> str | None:
    month, day = int(match["month"]), int(match["day"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    words = language.say_date(
        day=day,
        month=month_name(month, language=language),
        year=int(match["year"]),
        month_first=language.month_first,
    )
    if not match["hour"]:
        return words
    second = int(match["second"] or 0) or None
    time = language.say_time(hour=int(match["hour"]), minute=int(match["minute"]), second=second)
    # "14:30:00Z" is a common form of a time that is exact to the minute only, whose zone is of no interest.
    zone = "" if match["zone"] == "Z" and not second else _say_zone(match["zone"], language=language)
    return f"{words}, {time}{zone}"


def _say_zone(zone: str | None, *, language: Language) -> str:
    """Return the time zone in words, as " UTC plus two"."""
    if not zone:
        return ""
    if zone == "Z":
        return " UTC"
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    sign = language.words["plus" if zone[0] == "+" else "minus"]
    return (
        f" UTC {sign} {language.say_cardinal(hours)}{f' {language.say_cardinal(minutes)}' if minutes else ''}"
    )


def _say_numeric_date(match: re.Match[str], *, language: Language) -> str | None:
    first, second = int(match[1]), int(match[3])
    # "3.10.12" is a version number in languages that do not write dates with points.
    if len(match[4]) == 2 and (match[2] == "-" or (match[2] == "." and language.month_first)):
        return None
    year = _full_year(match[4])
    day, month = (first, second) if language.day_first else (second, first)
    if month > 12:
        day, month = month, day
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    month_first = not language.day_first
    return language.say_date(
        day=day, month=month_name(month, language=language), year=year, month_first=month_first
    )
