"""English as it is read aloud: American, and British where the tag says so."""

import re
from collections.abc import Iterable

from worker.text.normalising import counting
from worker.text.normalising.language import Coin, Language
from worker.text.normalising.mapped import Rule
from worker.text.normalising.romans import PATTERN as ROMAN
from worker.text.normalising.romans import roman_value

_REGNAL = ["Adolf", "Albert", "Alexander", "Alexandra", "Alfonso", "Andrew", "Anne", "Augustus", "Baldwin", "Benedict", "Boniface", "Casimir", "Catherine", "Charles", "Christian", "Clement", "Constantine", "Constantius", "Cosimo", "Darius", "Edgar", "Edmund", "Edward", "Elizabeth", "Eric", "Ethelred", "Eugene", "Ferdinand", "Francis", "Franz", "Frederick", "Friedrich", "Gaius", "George", "Gregory", "Gustav", "Haakon", "Harald", "Harold", "Henri", "Henry", "Innocent", "Isabella", "Ivan", "James", "Jean", "Joan", "Joao", "John", "Joseph", "Julius", "Juan", "Justinian", "Karl", "Kenneth", "Leo", "Leopold", "Louis", "Ludwig", "Magnus", "Malcolm", "Margaret", "Maria", "Mary", "Matthias", "Maximilian", "Mehmed", "Michael", "Murad", "Napoleon", "Nicholas", "Nikolai", "Olaf", "Oscar", "Otto", "Paul", "Pedro", "Peter", "Philip", "Philippe", "Pius", "Ptolemy", "Rainier", "Rama", "Ramesses", "Richard", "Robert", "Roger", "Rudolf", "Selim", "Sigismund", "Sixtus", "Stephen", "Theodosius", "Thutmose", "Umberto", "Urban", "Valdemar", "Victor", "Victoria", "Vittorio", "Emmanuel", "Wilhelm", "William", "Xerxes"]
_COUNTED = ["Act", "Album", "Annex", "Appendix", "Apollo", "Article", "Book", "Canto", "Chapter", "Class", "Column", "Division", "Episode", "Exhibit", "Factor", "Figure", "Final", "Gemini", "Grade", "Group", "Item", "Lesson", "Level", "Mark", "Module", "Mach", "Note", "Number", "Page", "Paragraph", "Part", "Phase", "Plate", "Psalm", "Quarter", "Region", "Round", "Saturn", "Scene", "Schedule", "Season", "Section", "Series", "Stage", "Step", "Table", "Tier", "Title", "Tome", "Topic", "Type", "Unit", "Vatican", "Verse", "Volume", "War", "Bowl", "World", "Wrestlemania", "WrestleMania"]
# What an "I" behind a king's name is followed by when it is the writer.
_PRONOUN = r"(?! (?:am|was|have|had|will|would|think|know|do|did|can|could|shall|should|may|might|must|want|like|love|see|saw|went|go)\b|')"
_ROMAN_KING = re.compile(rf"\b({'|'.join(_REGNAL)}) ({ROMAN})(?![\w'’-]|\.\w){_PRONOUN}")  # noqa: RUF001
_ROMAN_COUNTED = re.compile(
    rf"\b((?:{'|'.join(_COUNTED)})s?|(?i:chapter|part|volume|section|act|scene|book|phase|type)) ({ROMAN})(?![\w'-])"
)
_ROMAN_NAMED = re.compile(r"(?<=[a-z]) (X{0,3}(?:IX|IV|V?I{1,3}|V)|X{2,3})(?![\w'-])(?<! [IVX])")
_ROMAN_CENTURY = re.compile(rf"\b({ROMAN})(?:th|st|nd|rd)?(?= (?:century|centuries|dynasty|Dynasty|Olympi))")

_DECADE = re.compile(r"(?<![\w.,])(['’]?)(\d|[12]\d{2})0(?:'|’)?s(?!\w)")  # noqa: RUF001
_YEAR_BEFORE = re.compile(
    r"\b(?:in|since|by|from|until|till|before|after|during|year|years|circa|around|c\.|ca\.|early|late|mid|of|to|and|through"
    r"|spring|summer|autumn|fall|winter|january|february|march|april|may|june|july|august|september|october|november"
    r"|december|copyright|born|died|ad|election|class|vintage|©|\()[ -]?[(]?$",
    re.IGNORECASE,
)
_YEAR_AFTER = re.compile(r" ?(?:BC|AD|BCE|CE|B\.C\.|A\.D\.)(?!\w)")
# A word in the plural behind a number: it is counted.
_THINGS = re.compile(
    r" (?!was\b|is\b|his\b|has\b|does\b|this\b|as\b|its\b|us\b|thus\b|always\b|perhaps\b|[a-z]+ss\b|[a-z]+us\b)(?:[a-z]+ )?(?:[a-z]{2,}s|people|men|women|children|percent|feet)\b"
)
_SALE = re.compile(
    r"\b([Aa]n?|[Ee]very|[Ee]ach|[Aa]nother|per) \$(\d{1,3}(?:,\d{3}){0,3}|\d{1,9})( ?[MKBk]|bn)?(?: |-)((?:million|billion|trillion|thousand|hundred)[ -])?(?=[a-z]{2,})(?!(?:of|or|and|to|in|on|at|for|per|a|an|the|is|was|by|from|with|each|more|less|off|million|billion|trillion|thousand)\b)"
)
# "St." before a name is a saint, behind a name a street; between two, a house number decides.
_STREET = re.compile(
    r"(?P<name>\b(?:[A-Z][\w'’-]{0,40}|\d{1,4}(?:st|nd|rd|th))) (?P<kind>St|Dr|Ave|Rd|Ln|Blvd|Pl|Ct|Sq|Hwy|Pkwy)\b(?P<point>\.?)"  # noqa: RUF001
)
_HOUSE = re.compile(r"\d[A-Za-z]? (?:[A-Z][\w'’.-]{0,40} ){0,3}$")  # noqa: RUF001
_NAME_FOLLOWS = re.compile(r" [A-Z]")
_STREETS = {
    "St": "Street",
    "Dr": "Drive",
    "Ave": "Avenue",
    "Rd": "Road",
    "Ln": "Lane",
    "Blvd": "Boulevard",
    "Pl": "Place",
    "Ct": "Court",
    "Sq": "Square",
    "Hwy": "Highway",
    "Pkwy": "Parkway",
}
_NUMBER_SIGN = re.compile(r"\b([Nn])os?\. ?(?=\d)")
_PAGE = re.compile(
    r"\b(pp?|[Cc]h|[Ff]igs?|[Vv]ols?|[Ss]ec|[Aa]rt|[Ee]q|[Ll]l?|[Tt]ab|[Pp]art|[Vv]|[Nn]n?|[Pp]ar|[Rr]m|[Aa]pt|[Bb]ldg|[Ff]l|[Ee]xt)\. ?(?=\d|[IVXLC]+\b)"
)
_REFERENCES = {
    "p": "page", "pp": "pages", "ch": "chapter", "fig": "figure", "figs": "figures", "vol": "volume", "vols": "volumes",
    "sec": "section", "art": "article", "eq": "equation", "l": "line", "ll": "lines", "tab": "table", "part": "part",
    "v": "version", "n": "note", "nn": "notes", "par": "paragraph", "rm": "room", "apt": "apartment", "bldg": "building",
    "fl": "floor", "ext": "extension",
}  # fmt: skip
_HEIGHT = re.compile(r"(?<![\w.])(\d{1,2})['′] ?(\d{1,2}(?:\.5)?)(?:[\"″]|′′|'')")  # noqa: RUF001
_POSITION = re.compile(
    r"(?<![\w.])(\d{1,3}(?:\.\d{1,8})?)° ?(?:(\d{1,2}(?:\.\d{1,4})?)['′] ?(?:(\d{1,2}(?:\.\d{1,4})?)(?:[\"″]|′′|'') ?)?)?([NSEW])?(?!\w)"
)
_DEGREES = re.compile(r"(?<=\w) ?[°º] ?([NSEW])?(?![\w])")
_COMPASS = {"N": "north", "S": "south", "E": "east", "W": "west"}
_SCORES = {"24/7": "twenty-four seven", "9/11": "nine eleven", "50/50": "fifty-fifty", "50-50": "fifty-fifty"}
_DENOMINATORS = {2: "half", 4: "quarter"}


class Reader(Language):
    """English."""

    code = "en"
    decimal_mark = "."
    group_marks = ","
    least_space_groups = 2
    month_first = True
    the_day = "the"
    of_month = "of"
    doubtful_months = frozenset({"may", "march", "mar", "MAY", "dec", "mar.", "jun"})
    short_months = {"sept": 9}  # noqa: RUF012
    ordinal_suffixes = "(?:st|nd|rd|th|ST|ND|RD|TH)"
    time_suffix = "(?: ?o'clock)?"
    words = {  # noqa: RUF012
        "point": "point", "minus": "minus", "plus": "plus", "to": "to", "and": "and", "with cents": "and", "by": "by",
        "percent": "percent", "permille": "per mille", "version": "version", "to the power of": "to the power of",
        "power 2": "squared", "power 3": "cubed", "love": "love", "hashtag": "hashtag",
        "dot": "dot", "slash": "slash", "backslash": "backslash", "at": "at", "colon": "colon", "tilde": "tilde",
        "underscore": "underscore", "dash": "dash",
        "&": "and", "@": "at", "+": "plus", "\u2212": "minus", "=": "equals", "≠": "is not equal to",
        "≈": "is approximately", "~": "about", "≤": "is less than or equal to", "≥": "is greater than or equal to",
        "≦": "is less than or equal to", "≧": "is greater than or equal to", "<": "is less than", ">": "is greater than",
        "±": "plus or minus", "×": "times", "⋅": "times", "∙": "times", "*": "times", "÷": "divided by",
        "√": "the square root of", "∞": "infinity", "π": "pi", "∑": "the sum of", "∫": "the integral of",
        "∂": "partial", "∆": "delta", "∈": "in", "∉": "not in", "∪": "union", "∩": "intersection", "→": "to",
        "⇒": "implies", "←": "from", "↔": "to and from", "°": "degrees", "§": "section", "¶": "paragraph",
        "©": "copyright", "#": "number", "€": "euros", "$": "dollars", "£": "pounds", "¥": "yen",
    }  # fmt: skip
    coins = {  # noqa: RUF012
        "$": Coin("dollar", "dollars", "cent", "cents"),
        "USD": Coin("US dollar", "US dollars", "cent", "cents"),
        "€": Coin("euro", "euros", "cent", "cents"),
        "EUR": Coin("euro", "euros", "cent", "cents"),
        "£": Coin("pound", "pounds", "penny", "pence"),
        "GBP": Coin("pound", "pounds", "penny", "pence"),
        "¥": Coin("yen", "yen"),
        "JPY": Coin("yen", "yen"),
        "₹": Coin("rupee", "rupees", "paisa", "paise"),
        "INR": Coin("rupee", "rupees", "paisa", "paise"),
        "CHF": Coin("Swiss franc", "Swiss francs", "centime", "centimes"),
        "₩": Coin("won", "won"),
        "₽": Coin("ruble", "rubles", "kopek", "kopeks"),
        "₿": Coin("bitcoin", "bitcoins"),
    }
    scales = {  # noqa: RUF012
        **{
            name: (name, name)
            for name in ("hundred", "thousand", "million", "billion", "trillion", "quadrillion")
        },
        **dict.fromkeys(("M", "mn", "mln", "mil", "MM"), ("million", "million")),
        **dict.fromkeys(("bn", "B", "b", "bln"), ("billion", "billion")),
        **dict.fromkeys(("tn", "trn"), ("trillion", "trillion")),
        **dict.fromkeys(("k", "K"), ("thousand", "thousand")),
    }
    units = {  # noqa: RUF012
        "in": ("inch", "inches"), "min": ("minute", "minutes"), "mins": ("minute", "minutes"),
        "sec": ("second", "seconds"), "secs": ("second", "seconds"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"),
        "wk": ("week", "weeks"), "wks": ("week", "weeks"), "mo": ("month", "months"), "mos": ("month", "months"),
        "yr": ("year", "years"), "yrs": ("year", "years"), "yo": ("year old", "year old"),
        "Mbps": ("megabit per second", "megabits per second"), "mbps": ("megabit per second", "megabits per second"),
        "kbps": ("kilobit per second", "kilobits per second"), "Gbps": ("gigabit per second", "gigabits per second"),
        "Mbit/s": ("megabit per second", "megabits per second"), "rpm": ("revolution per minute", "revolutions per minute"),
        "RPM": ("revolution per minute", "revolutions per minute"), "bpm": ("beat per minute", "beats per minute"),
        "fps": ("frame per second", "frames per second"), "dB": ("decibel", "decibels"), "kgs": ("kilogram", "kilograms"),
        "mAh": ("milliamp hour", "milliamp hours"), "Wh": ("watt hour", "watt hours"), "MWh": ("megawatt hour", "megawatt hours"),
        "kWh": ("kilowatt hour", "kilowatt hours"), "m/s²": ("meter per second squared", "meters per second squared"),
        "m/s2": ("meter per second squared", "meters per second squared"), "psi": ("PSI", "PSI"),
        "sq ft": ("square foot", "square feet"), "sq. ft.": ("square foot", "square feet"), "sq m": ("square meter", "square meters"),
        "sq km": ("square kilometer", "square kilometers"), "sq mi": ("square mile", "square miles"),
        "fl oz": ("fluid ounce", "fluid ounces"), "t": ("ton", "tons"), "KiB": ("kibibyte", "kibibytes"),
        "MiB": ("mebibyte", "mebibytes"), "GiB": ("gibibyte", "gibibytes"), "TiB": ("tebibyte", "tebibytes"),
        "¢": ("cent", "cents"), "p": ("pence", "pence"), "x": ("times", "times"), "lb": ("pound", "pounds"),
        "ft.": ("foot", "feet"), "lbs.": ("pound", "pounds"), "lb.": ("pound", "pounds"), "oz.": ("ounce", "ounces"),
        "sec.": ("second", "seconds"), "min.": ("minute", "minutes"), "hrs.": ("hour", "hours"), "hr.": ("hour", "hours"),
        "yds": ("yard", "yards"), "cal": ("calorie", "calories"), "°K": ("kelvin", "kelvins"), "ppm": ("part per million", "parts per million"),
    }  # fmt: skip
    abbreviations = {  # noqa: RUF012
        "Mr.": "Mister", "Mr": "Mister", "Mrs.": "Missus", "Mrs": "Missus", "Ms.": "Ms", "Dr.": "Doctor", "Dr": "Doctor",
        "Prof.": "Professor", "Rev.": "Reverend", "Hon.": "Honorable", "Gov.": "Governor", "Sen.": "Senator",
        "Rep.": "Representative", "Pres.": "President", "Gen.": "General", "Col.": "Colonel", "Maj.": "Major",
        "Lt.": "Lieutenant", "Sgt.": "Sergeant", "Capt.": "Captain", "Cpl.": "Corporal", "Pvt.": "Private",
        "Adm.": "Admiral", "Cmdr.": "Commander", "Fr.": "Father", "Jr.": "Junior", "Jr": "Junior", "Sr.": "Senior",
        "Sr": "Senior", "Esq.": "Esquire", "St.": "Saint", "Ste.": "Sainte", "Mt.": "Mount", "Ft.": "Fort",
        "Inc.": "Incorporated", "Ltd.": "Limited", "Co.": "Company", "Corp.": "Corporation", "Bros.": "Brothers",
        "Dept.": "Department", "dept.": "department", "Univ.": "University", "Assn.": "Association", "Assoc.": "Associates",
        "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road", "Hwy.": "Highway", "Pkwy.": "Parkway",
        "e.g.": "for example", "eg.": "for example", "E.g.": "For example", "i.e.": "that is", "I.e.": "That is",
        "etc.": "et cetera", "etc": "et cetera", "approx.": "approximately", "Approx.": "Approximately", "vs.": "versus",
        "vs": "versus", "v.": "versus", "cf.": "compare", "et al.": "et al", "ca.": "circa", "c.": "circa", "a.k.a.": "also known as",
        "aka": "also known as", "w/": "with", "w/o": "without", "b/c": "because", "ibid.": "ibid", "esp.": "especially",
        "incl.": "including", "excl.": "excluding", "max.": "maximum", "min.": "minimum", "avg.": "average",
        "misc.": "miscellaneous", "temp.": "temperature", "tel.": "telephone", "Tel.": "Telephone", "est.": "established",
        "Est.": "Established", "govt.": "government", "Govt.": "Government", "intl.": "international", "Intl.": "International",
        "natl.": "national", "ed.": "edition", "eds.": "editors", "viz.": "namely", "Jan.": "January", "Feb.": "February",
        "Mar.": "March", "Apr.": "April", "Jun.": "June", "Jul.": "July", "Aug.": "August", "Sept.": "September",
        "Sep.": "September", "Oct.": "October", "Nov.": "November", "Dec.": "December", "Mon.": "Monday", "Tue.": "Tuesday",
        "Tues.": "Tuesday", "Wed.": "Wednesday", "Thu.": "Thursday", "Thur.": "Thursday", "Thurs.": "Thursday",
        "Fri.": "Friday", "Sat.": "Saturday", "Sun.": "Sunday", "p.a.": "per annum", "P.S.": "P S", "Nos.": "numbers",
    }  # fmt: skip
    closing = frozenset({
        "etc.", "Inc.", "Ltd.", "Co.", "Corp.", "Jr.", "Sr.", "Esq.", "et al.", "Bros.", "Ave.", "Blvd.", "Rd.", "p.a.",
    })  # fmt: skip

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.day_first = self.region not in {"", "US", "PH", "CA"}

    def early_rules(self) -> Iterable[Rule]:
        return (
            Rule(re.compile(r"(?<![\w/])(?:24/7|9/11|50[/-]50)(?![\w/])"), lambda match: _SCORES[match[0]]),
            Rule(re.compile(r"\b([CFJ])#(?!\w)"), lambda match: f"{match[1]} sharp"),
            Rule(re.compile(r"\bC\+\+(?!\w)"), lambda _: "C plus plus"),
            Rule(re.compile(r"\(s\)(?!\w)"), lambda _: "s"),
            Rule(re.compile(r"\b(and|And)/or\b"), lambda match: f"{match[1]} or"),
            Rule(re.compile(r"(?<!\w)w/(?= ?[a-z])(?!o\b)"), lambda match: "with "),
            Rule(
                _NUMBER_SIGN,
                lambda match: (
                    f"{'N' if match[1] == 'N' and _starts(match) else 'n'}umber{'s' * ('s' in match[0])} "
                ),
            ),
            Rule(_PAGE, lambda match: f"{_REFERENCES[match[1].lower()]} "),
            Rule(re.compile(r"(?<=\d0s) ?[-–] ?['’]?(?=\d{2,4}s)"), lambda _: " to "),  # noqa: RUF001
            Rule(_DECADE, self._decade),
            Rule(re.compile(r"(?<![\w.,])\.(?=\d)"), lambda _: "0."),
            Rule(_SALE, self._sale),
            Rule(_HEIGHT, self._height),
            Rule(_POSITION, self._position),
            Rule(_ROMAN_CENTURY, self._roman_century),
            Rule(_ROMAN_KING, self._king),
            Rule(_ROMAN_COUNTED, self._roman),
            Rule(_ROMAN_NAMED, self._sequel),
            Rule(_STREET, self._street),
        )

    def late_rules(self) -> Iterable[Rule]:
        return (
            Rule(_DEGREES, lambda match: f" degrees{' ' + _COMPASS[match[1]] if match[1] else ''}"),
            Rule(re.compile(r"(?<=[^\W\d])/(?=[^\W\d])"), lambda _: " "),
        )

    def bare_year(self, match: re.Match[str]) -> str | None:
        digits = match[0].lstrip()
        if not re.fullmatch(r"[12]\d{3}", digits) or int(digits) > 2099:
            return None
        before, after = (
            match.string[max(0, match.start() - 24) : match.start()],
            match.string[match.end() : match.end() + 32],
        )
        if _YEAR_AFTER.match(after):
            return self.year(int(digits))
        if _THINGS.match(after) or after[:1].isalpha() or before[-1:].isalpha():
            return None
        if int(digits) >= 1900 or _YEAR_BEFORE.search(before):
            return self.year(int(digits))
        return None

    def year(self, value: int) -> str:
        if value < 1000 or value > 2999 or 2000 <= value <= 2009:
            return self.cardinal(value)
        return counting.year(value, language=self.counting)

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if denominator in (10, 100) and numerator <= denominator:
            return f"{self.cardinal(numerator)} out of {self.cardinal(denominator)}"
        if denominator < 2 or denominator > 100:
            return f"{self.cardinal(numerator)} over {self.cardinal(denominator)}"
        name = _DENOMINATORS.get(denominator) or self.ordinal(denominator)
        if numerator != 1:
            name = "halves" if denominator == 2 else f"{name}s"
        return f"{self.cardinal(numerator)} {name}"

    def mixed(self, whole: int, numerator: int, denominator: int) -> str | None:
        if denominator < 2 or denominator > 100:
            return None
        part = (
            "a half"
            if (numerator, denominator) == (1, 2)
            else "a quarter"
            if (numerator, denominator) == (1, 4)
            else self.fraction(numerator, denominator)
        )
        return f"{self.cardinal(whole)} and {part}"

    def date(self, *, day: int, month: str, year: int | None, month_first: bool) -> str:
        if month_first:
            return f"{month} {self.ordinal(day)}{f', {self.year(year)}' if year else ''}"
        return f"the {self.ordinal(day)} of {month}{f' {self.year(year)}' if year else ''}"

    def days(self, first: int, last: int, *, month: str, year: int | None, month_first: bool) -> str:
        until = f" {self.year(year)}" if year else ""
        if month_first:
            return f"{month} {self.ordinal(first)} to {self.ordinal(last)}{',' if until else ''}{until}"
        return f"the {self.ordinal(first)} to the {self.ordinal(last)} of {month}{until}"

    def time(self, *, hour: int, minute: int, second: int | None) -> str:
        if not minute and not second:
            return (
                "midnight"
                if hour in (0, 24)
                else f"{self.cardinal(hour)} {'hundred' if hour > 12 else chr(111) + chr(39) + 'clock'}"
            )
        said = f"{self.cardinal(hour)} {self._minutes(minute)}"
        return said if second is None else f"{said} and {self.cardinal(second)} second{'s' * (second != 1)}"

    def half_day(self, *, hour: int, minute: int, half: str) -> str:
        return f"{self.cardinal(hour)} {self._minutes(minute) + ' ' if minute else ''}{half}"

    def _minutes(self, minute: int) -> str:
        return f"oh {self.cardinal(minute)}" if minute < 10 else self.cardinal(minute)

    def _street(self, match: re.Match[str]) -> str | None:
        rest = match.string[match.end() : match.end() + 2]
        if match["kind"] in ("St", "Dr") and _NAME_FOLLOWS.match(rest) and match["name"][0].isalpha():
            if not _HOUSE.search(match.string[max(0, match.start() - 80) : match.start()]):
                return None
        return f"{match['name']} {_STREETS[match['kind']]}{_stop(match)}"

    def _decade(self, match: re.Match[str]) -> str:
        years = int(f"{match[2]}0")
        if years < 100:
            return f"{_plural(self.cardinal(years))}" if years >= 20 else match[0]
        if years % 1000 == 0:
            return f"{_plural(self.cardinal(years))}"
        return _plural(counting.year(years, language=self.counting))

    def _sale(self, match: re.Match[str]) -> str:
        number, short, scale = match[2], (match[3] or "").strip(), (match[4] or "").strip(" -")
        scale = scale or (self.scales[short][0] if short else "")
        return f"{match[1]} {self.say_number(number)}{' ' + scale if scale else ''} dollar "

    def _height(self, match: re.Match[str]) -> str:
        feet, inches = match[1], match[2]
        return f"{self.say_number(feet)} {'foot' if feet == '1' else 'feet'} {self.say_number(inches)} {'inch' if inches == '1' else 'inches'}"

    def _position(self, match: re.Match[str]) -> str | None:
        if not match[2] and not match[4]:
            return None
        pairs = ((match[1], "degree"), (match[2], "minute"), (match[3], "second"))
        said = [
            f"{self.say_number(number)} {name}{'s' * (number != '1')}" for number, name in pairs if number
        ]
        return " ".join([*said, *([_COMPASS[match[4]]] if match[4] else [])])

    def _king(self, match: re.Match[str]) -> str | None:
        value = roman_value(match[2])
        return f"{match[1]} the {self.ordinal(value).capitalize()}" if value and value < 40 else None

    def _roman(self, match: re.Match[str]) -> str | None:
        value = roman_value(match[2])
        return f"{match[1]} {self.cardinal(value)}" if value else None

    def _sequel(self, match: re.Match[str]) -> str | None:
        word = re.search(r"[A-Z][\w'’-]*$", match.string[max(0, match.start() - 40) : match.start()])  # noqa: RUF001
        value = roman_value(match[1])
        return f" {self.cardinal(value)}" if word and value and (value != 1) else None

    def _roman_century(self, match: re.Match[str]) -> str | None:
        value = roman_value(match[1])
        return self.ordinal(value) if value and value < 40 else None


def _plural(words: str) -> str:
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}es" if words.endswith("x") else f"{words}s"


def _starts(match: re.Match[str]) -> bool:
    return not match.string[: match.start()].strip()


def _stop(match: re.Match[str]) -> str:
    """The point of "St." where it ends the sentence as well."""
    rest = match.string[match.end() : match.end() + 3]
    return "." if match["point"] and (not rest.strip() or re.match(r" [A-Z]", rest)) else ""
