"""English rules for numbers whose meaning depends on the context, such as codes, scores, heights and room numbers."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

import re

from worker.text.normalization.dates import month_name
from worker.text.normalization.language import Language
from worker.text.normalization.mapped_text import DIGITS, Rule, text_before

_AIRCRAFT_TENS = {
    "0": "oh seven",
    "1": "seventeen",
    "2": "twenty-seven",
    "3": "thirty-seven",
    "4": "forty-seven",
    "5": "fifty-seven",
    "6": "sixty-seven",
    "7": "seventy-seven",
    "8": "eighty-seven",
}
_FIXED_READINGS = {
    "24/7": "twenty-four seven",
    "9/11": "nine eleven",
    "50/50": "fifty-fifty",
    "50-50": "fifty-fifty",
    "20/20": "twenty-twenty",
    "911": "nine one one",
    "999": "nine nine nine",
    "401(k)": "four oh one K",
    "401k": "four oh one K",
    "404": "four oh four",
    **{f"7{tens}7": f"seven {name}" for tens, name in _AIRCRAFT_TENS.items()},
}
_FIXED_READING = re.compile(r"(?<![\w/.,$€£-])(?:24/7|9/11|50[/-]50|20/20|401\(?k\)?)(?![\w/]|[.,]\d)")
_EMERGENCY = re.compile(
    r"(?:(?<=[Cc]all )|(?<=[Dd]ial )|(?<=[Ee]rror )|(?<=[Bb]oeing )|(?<=[Aa] ))(911|999|404|7[0-8]7)(?![\w%]|[.,/-]\d)"
)
_AIRCRAFT = re.compile(
    r"(?<=[Tt]he )(7[0-8]7)(?= (?:[a-z]{3,5} hundred|eight|nine|ten)\b)|(?<=\bAirbus A)3([1-9]\d)(?!\w|[.,]\d)"
)
_IDENTIFIER = re.compile(
    r"\b((?:[Cc]ode|PIN|[Pp]asscode|[Pp]assword|[Ee]xtension|[Ee]xt\.?|[Aa]ccount|[Cc]ard|ending in"
    r"|[Ff]light|[Bb]us|ID|[Zz]ip)"
    r"(?: (?:is|number|no\.|code|ending in)){0,2}:? (?:[A-Z]{1,2})?) ?(\d{3,16})(?![\w%]|[.,/:-]\d)"
)
_ZIP = re.compile(r"(?<=, [A-Z]{2} )(\d{5})(?:-(\d{4}))?(?!\w)")
_SUBSCRIBER = re.compile(r"(?<![\w.,$€£/-])(?<!\) )(?<!\d )(?!1\d\d-)(\d{3}-\d{4})(?![\w/-]|[.,]\d)")
_RATING = re.compile(
    r"(?<![\w./])(\d{1,3}\.\d{1,2}|\d{1,3}(?=/\d{1,3} (?:stars?|points?)\b))/(\d{1,3})(?![\w/])"
)
_SCREEN_RESOLUTION = re.compile(
    r"(?<![\w.])(480|720|1080|1440|2160)([pi])(?!\w)"
    r"|(?<![\w.$€£])([24568])[Kk](?= (?:video|TV|display|resolution|screen|monitor|UHD|run|race|HDR|movie|film)"
    r"|[.,;!?]|$)"
)
_SCREEN_NAMES = {
    "480": "four eighty",
    "720": "seven twenty",
    "1080": "ten eighty",
    "1440": "fourteen forty",
    "2160": "twenty-one sixty",
}
_MULTIPLIER = re.compile(r"(?<![\w.])(\d{1,4}(?:\.\d{1,3})?)x(?=[.,;:!?)]|$| [a-z]{2,}| (?:the|as)\b)")
_INCHES = re.compile(r"(?<![\w\"'.])(\d{1,3}(?:\.\d{1,2})?)[\"″](?=[ ,.;:)-]|$)")
_HEIGHT = re.compile(
    r"(?<![\w.])(\d{1,2})['′] ?(\d{1,2}(?:\.5)?)(?:[\"″]|′′|'')|(?<![\w.])([4-7])'(\d|1[01])(?![\w'\"])"
)
_POSITION = re.compile(
    r"(?<![\w.])(\d{1,3}(?:\.\d{1,8})?)[°º] ?"
    r"(?:(\d{1,2}(?:\.\d{1,6})?)['′] ?(?:(\d{1,2}(?:\.\d{1,6})?)(?:[\"″]|′′|'') ?)?)?([NSEW])?(?!\w)"
)
_COMPASS = {"N": "north", "S": "south", "E": "east", "W": "west"}
_FUNCTION_WORDS = (
    "of|or|and|to|in|on|at|for|per|a|an|the|is|was|by|from|with|each|more|less|off|than|if|that|when|but|so|as|this|here|now"
    "|today|are|were|will|would|can|has|had|it|we|they|he|she|you|who|which|into|over|under|up|down|back|only|down"
)
_SCALES = "million|billion|trillion|thousand|hundred"
_AMOUNT_BEFORE_NOUN = re.compile(
    r"\b([Aa]n?|[Ee]very|[Ee]ach|[Aa]nother|per|this|that|first|new) ([$€£])(\d{1,3}(?:,\d{3}){1,3}|\d{1,9})"
    rf"(?: ?([MKBk]|bn|m)(?!\w))?(?: |-)((?:{_SCALES})[ -])?(?=[a-z]{{2,}})(?!(?:{_FUNCTION_WORDS}|{_SCALES})\b)"
)
_ROUND_AMOUNTS = re.compile(r"([$€£])(\d{1,3}(?:,\d{3}){1,3}|\d{1,9})s(?![\w'])")
_ROUND_NUMBERS = {"10": "tens", "100": "hundreds", "1000": "thousands", "1000000": "millions"}
_WAGE = re.compile(r"([$€£])(\d{1,3}(?:,\d{3}){1,3}|\d{1,9})-(?=(?:an?|per)-[a-z])")
_CURRENCY_NAMES = {"$": "dollar", "€": "euro", "£": "pound"}


_QUOTE_CHARS = 400  # how far to look back for an opening quotation mark
_ENDS_IN_ONE = re.compile(r"(?<![\d.,/])1$")
_INCH = re.compile(
    r"(?<=\d) ?in(?:\.(?=$| [a-z])|(?=[,;:)]|\.$|$"
    r"| (?:tall|long|wide|deep|high|thick|across|in diameter|x|by|square)\b))"
)
_FEET = re.compile(
    r"(?<![\w'])(\d{1,3})' ?(?:x|×|by) ?(\d{1,3})'(?!\w)|(?<![\w'])(\d{1,3})'(?= (?:tall|long|wide|deep|high|x|by)\b)"
)
_MONTH_DAY = re.compile(
    r"\b((?:[Oo]n|[Bb]y|[Ss]ince|[Uu]ntil|[Bb]efore|[Aa]fter|[Ff]rom|[Dd]ue|[Dd]ated) )"
    r"(\d{1,2})/(\d{1,2})(?![\w/]|[.,]\d)"
)
_SHORT_YEAR = re.compile(r"(?<![\w'])'(\d\d)(?![\w'\"])")
_GRADE = re.compile(
    r"\b([A-F])(?:(\+)(?![\w+])|-(?=$|[.,;:!?)]|[ ](?:average|grade|student|rating|rated)\b))"
)
_RELEASE_NUMBER = re.compile(
    r"\b((?:Python|PHP|Ruby|Java|Go|Node|Ubuntu|Debian|Fedora|Android|iOS|iPadOS|macOS|Windows|Chrome|Firefox|Django|Rails"
    r"|PyTorch|[Vv]ersions?|[Rr]elease|[Ss]ection|[Cc]hapter|[Bb]uild) )(\d{1,4}(?:\.\d{1,4}){1,5})(?![\w%]|[.,]\d)"
)


_INCH_BY = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,2})?)[\"″] ?[x×] ?(?=\d)")
_BILLIONS = re.compile(
    r"(?<![\w.])(\d{1,4}(?:\.\d{1,3})?) ?B(?= (?:people|users|views|downloads|parameters|params|tokens|dollars|years"
    r"|devices|records|records|messages|streams|searches|transistors)\b)"
)
_ROOM_NUMBER = re.compile(
    r"\b((?:Room|Highway|Hwy|Route|Interstate|Suite|Apartment|Area|Studio) #?)([1-9])(\d\d)(?![\w%]|[.,/:-]\d)"
)
_VERSE = re.compile(
    r"\b((?:Gen(?:esis)?|Ex(?:odus)?|Lev(?:iticus)?|Num(?:bers)?|Deut(?:eronomy)?|Joshua|Judges|Ruth|Samuel|Kings|Chronicles"
    r"|Ezra|Nehemiah|Esther|Job|Psalms?|Prov(?:erbs)?|Eccl(?:esiastes)?|Isaiah|Jeremiah|Ezekiel|Daniel|Hosea|Joel|Amos"
    r"|Jonah|Micah|Matt(?:hew)?|Mark|Luke|John|Acts|Rom(?:ans)?|Corinthians|Galatians|Ephesians|Philippians|Colossians"
    r"|Thessalonians|Timothy|Titus|Hebrews|James|Peter|Jude|Rev(?:elation)?|Quran)\.? )(\d{1,3}):(\d{1,3})(?!\d|:)"
)
_BLOOD_PRESSURE = re.compile(
    r"(?:(?<=pressure )|(?<=pressure of )|(?<=pressure is )|(?<=pressure was ))(\d{2,3})/(\d{2,3})(?![\w/])"
)
_BLOOD_PRESSURE_IN_MMHG = re.compile(r"(?<![\w./])(\d{2,3})/(\d{2,3})(?= ?mm ?Hg)")
_CLOCK_TIME = re.compile(
    r"(?<=\bat )(\d{1,2})\.([0-5]\d)(?=[,.;!?]?(?:$| (?:on|in|and|to|the|this|every|today|tomorrow|sharp)\b)"
    r"| ?[ap]\.?m\b)"
)
_ORDINAL_RANGE = re.compile(r"(?<=\d)(st|nd|rd|th) ?[-–] ?(?=\d{1,2}(?:st|nd|rd|th)\b)")
_STREET = r"(?:St|Street|Ave|Avenue|Rd|Road|Blvd|Boulevard|Dr|Drive|Ln|Lane|Way|Court|Place|Square)\b"
_HOUSE_NUMBER = re.compile(
    rf"(?<![\w.,$€£])([1-9]\d{{2,3}})(?= (?:[NSEW]\.? )?"
    rf"(?:[A-Z][a-z]{{1,20}}|\d{{1,3}}(?:st|nd|rd|th))(?: [A-Z][a-z]{{1,20}})? {_STREET})"
)
_STREET_SIDE = re.compile(rf"\b([NSEW])\.? (?=(?:[A-Z][a-z]{{1,20}}|\d{{1,3}}(?:st|nd|rd|th)) {_STREET})")
_TOLL_FREE = re.compile(r"(?<![\w.-])1-(8(?:00|33|44|55|66|77|88)|900)-(?=[A-Z])")
_ORDER_NUMBER = re.compile(r"(?<!\S)#(\d{5,24})(?![\w.,]?\d|\w)")
_MILITARY = re.compile(r"(?<![\w.,:])(0[1-9]|1\d|2[0-3])00(?= (?:hours|hrs)\b)")
_SAME_CENTURY = re.compile(r"(?<![\w.,/-])((?:19|20)\d\d)[-–/]0(\d)(?![\w/-])")


def number_rules(language: Language) -> tuple[Rule, ...]:
    say, say_digits = language.say_number, language.say_digits

    def say_height(match: re.Match[str]) -> str:
        say_feet, inches = match[1] or match[3], match[2] or match[4]
        foot, inch = "foot" if say_feet == "1" else "feet", "inch" if inches == "1" else "inches"
        return f"{say(say_feet)} {foot} {say(inches)} {inch}"

    def say_position(match: re.Match[str]) -> str | None:
        if not match[2] and not match[4]:
            return None
        pairs = ((match[1], "degree"), (match[2], "minute"), (match[3], "second"))
        words = [f"{say(found)} {name}{'s' * (found != '1')}" for found, name in pairs if found]
        return " ".join([*words, *([_COMPASS[match[4]]] if match[4] else [])])

    def say_screen(match: re.Match[str]) -> str:
        return f"{_SCREEN_NAMES[match[1]]} {match[2].upper()}" if match[1] else f"{say(match[3])} K"

    def say_amount(match: re.Match[str]) -> str:
        scale = language.scales.get(match[4] or "", ("",))[0] or (match[5] or "").strip(" -")
        if match[4] == "m":
            scale = "million"
        return " ".join(filter(None, (match[1], say(match[3]), scale, f"{_CURRENCY_NAMES[match[2]]} ")))

    def say_round_amounts(match: re.Match[str]) -> str:
        name = _ROUND_NUMBERS.get(match[2].replace(",", ""))
        return f"{f'{name} of' if name else say(match[2])} {_CURRENCY_NAMES[match[1]]}s"

    def say_aircraft(match: re.Match[str]) -> str:
        return _FIXED_READINGS[match[1]] if match[1] else f" three {say(match[2])}"

    def say_flight(match: re.Match[str]) -> str:
        return f"{match[1]} {say_digits(match[2])}"

    def say_room(match: re.Match[str]) -> str:
        rest = (
            "hundred"
            if match[3] == "00"
            else f"oh {say(match[3][1])}"
            if match[3][0] == "0"
            else say(match[3])
        )
        return f"{match[1]}{say(match[2])} {rest}"

    def say_house_number(match: re.Match[str]) -> str:
        hundreds, rest = divmod(int(match[1]), 100)
        if not rest:
            return say(match[1]) if hundreds % 10 == 0 else f"{language.say_cardinal(hundreds)} hundred"
        return f"{language.say_cardinal(hundreds)} {'oh ' if rest < 10 else ''}{language.say_cardinal(rest)}"

    def say_season(match: re.Match[str]) -> str | None:
        following = (int(match[1]) + 1) % 10 == int(match[2])
        return f"{language.say_year(int(match[1]))} to oh {say(match[2])}" if following else None

    def say_month_day(match: re.Match[str]) -> str | None:
        first, second = int(match[2]), int(match[3])
        day, month = (first, second) if language.day_first else (second, first)
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return None
        name = month_name(month, language=language)
        return f"{match[1]}{language.say_date(day=day, month=name, year=None, month_first=not language.day_first)}"

    def say_feet(match: re.Match[str]) -> str:
        return f"{say(match[1])} by {say(match[2])} feet" if match[1] else f"{say(match[3])} feet"

    def say_short_year(match: re.Match[str]) -> str:
        return f"oh {say(match[1][1])}" if match[1][0] == "0" else say(match[1])

    def say_release(match: re.Match[str]) -> str:
        return f"{match[1]}{' point '.join(map(language.say_whole, match[2].split('.')))}"

    return (
        Rule(_VERSE, lambda match: f"{match[1]}{say(match[2])}, {match[3]}", needs=":"),
        *(
            Rule(pattern, lambda match: f"{match[1]} over {match[2]}", needs="/")
            for pattern in (_BLOOD_PRESSURE, _BLOOD_PRESSURE_IN_MMHG)
        ),
        Rule(_CLOCK_TIME, lambda match: f"{match[1]}:{match[2]}", needs="."),
        Rule(_ORDINAL_RANGE, lambda match: f"{match[1]} to ", needs="-–"),
        Rule(re.compile(r"(?<=\d/\d)(?:rds?|ths?)(?!\w)"), lambda _: "", needs="/"),
        Rule(re.compile(r"\b(FY|CY)(?=(?:19|20)\d\d(?!\w))"), lambda match: f"{match[1]} ", needs="Y"),
        Rule(_HOUSE_NUMBER, say_house_number, needs=DIGITS),
        Rule(_STREET_SIDE, lambda match: f"{_COMPASS[match[1]].title()} ", needs="NSEW"),
        Rule(_TOLL_FREE, lambda match: f"one, {say_digits(match[1])}, ", needs="-"),
        Rule(_ORDER_NUMBER, lambda match: f"number {say_digits(match[1])}", needs="#"),
        Rule(_MILITARY, lambda match: f"{say(match[1]).replace('zero', 'oh')} hundred", needs="0"),
        Rule(_SAME_CENTURY, say_season, needs="-–/"),
        Rule(_ROOM_NUMBER, say_room, needs=DIGITS),
        Rule(_BILLIONS, lambda match: f"{match[1]} billion", needs="B"),
        Rule(_INCH_BY, lambda match: f"{say(match[1])} by ", needs='"″'),
        Rule(_RELEASE_NUMBER, say_release, needs=DIGITS),
        Rule(_GRADE, lambda match: f"{match[1]} {'plus' if match[2] else 'minus'}", needs="+-"),
        Rule(_FIXED_READING, lambda match: _FIXED_READINGS[match[0]], needs=DIGITS),
        Rule(_MONTH_DAY, say_month_day, needs="/"),
        Rule(_FEET, say_feet, needs="'"),
        Rule(
            _INCH,
            lambda match: f" inch{'' if _ENDS_IN_ONE.search(text_before(match, chars=3)) else 'es'}",
            needs=DIGITS,
        ),
        Rule(_AIRCRAFT, say_aircraft, needs="37"),
        Rule(_EMERGENCY, lambda match: _FIXED_READINGS[match[1]], needs=DIGITS),
        Rule(_IDENTIFIER, lambda match: f"{match[1].rstrip()} {say_digits(match[2])}", needs=DIGITS),
        Rule(_ZIP, lambda match: ", ".join(map(say_digits, filter(None, match.groups()))), needs=DIGITS),
        Rule(_SUBSCRIBER, lambda match: language.say_telephone(match[1].split("-")), needs="-"),
        Rule(_RATING, lambda match: f"{say(match[1])} out of {say(match[2])}", needs="/"),
        Rule(_SCREEN_RESOLUTION, say_screen, needs=DIGITS),
        Rule(_MULTIPLIER, lambda match: f"{say(match[1])} times", needs="x"),
        Rule(_POSITION, say_position, needs="°º"),
        Rule(_HEIGHT, say_height, needs="'′"),
        Rule(_INCHES, _say_inches, needs='"″'),
        Rule(_SHORT_YEAR, say_short_year, needs="'"),
        Rule(_ROUND_AMOUNTS, say_round_amounts, needs="$€£"),
        Rule(_WAGE, lambda match: f"{say(match[2])}-{_CURRENCY_NAMES[match[1]]}-", needs="$€£"),
        Rule(_AMOUNT_BEFORE_NOUN, say_amount, needs="$€£"),
        Rule(re.compile(r"(?<=[Ff]light )([A-Z]{2}) ?(\d{2,4})(?!\w)"), say_flight, needs=DIGITS),
    )


def _say_inches(match: re.Match[str]) -> str | None:
    """Return the number with inches, or None if the mark closes a quotation."""
    if text_before(match, chars=_QUOTE_CHARS).count('"') % 2:
        return None
    before_noun = match.string[match.end() : match.end() + 2].strip().islower()
    part = text_before(match) == "/"
    return f"{match[1]} {'inch' if match[1] == '1' or before_noun or part else 'inches'}"
