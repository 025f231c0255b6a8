"""English tables: names of signs, currencies and units, and abbreviations."""

# This file matches characters that look like others.
# ruff: noqa: RUF001

from collections.abc import Mapping

from worker.text.normalization.language import Currency

WORDS: Mapping[str, str] = {
    "point": "point", "minus": "minus", "plus": "plus", "to": "to", "and": "and", "with cents": "and", "by": "by",
    "percent": "percent", "permille": "per mille", "version": "version", "to the power of": "to the power of",
    "power 2": "squared", "power 3": "cubed", "love": "love", "hashtag": "hashtag", "dot": "dot", "slash": "slash",
    "backslash": "backslash", "at": "at", "colon": "colon", "tilde": "tilde", "underscore": "underscore",
    "dash": "dash", "&": "and", "@": "at", "+": "plus", "\u2212": "minus", "=": "equals", "!=": "is not equal to",
    "==": "equals", "->": "to", "=>": "implies", "≠": "is not equal to", "≈": "is approximately", "~": "about",
    "≤": "is less than or equal to", "≥": "is greater than or equal to", "≦": "is less than or equal to",
    "≧": "is greater than or equal to", "<": "is less than", ">": "is greater than", "±": "plus or minus",
    "×": "times", "⋅": "times", "∙": "times", "*": "times", "÷": "divided by", "√": "the square root of",
    "∞": "infinity", "π": "pi", "∑": "the sum of", "∫": "the integral of", "∂": "partial", "∆": "delta", "∈": "in",
    "∉": "not in", "∪": "union", "∩": "intersection", "→": "to", "⇒": "implies", "←": "from", "↔": "to and from",
    "°": "degrees", "§": "section", "¶": "paragraph", "©": "copyright", "#": "number", "€": "euros",
    "∀": "for all", "∃": "there exists", "∅": "the empty set", "∝": "is proportional to", "≡": "is equivalent to",
    "¬": "not", "∧": "and", "∨": "or", "★": "star", "stars": "stars",
    "$": "dollars", "£": "pounds", "¥": "yen",
}  # fmt: skip
CURRENCIES: Mapping[str, Currency] = {
    "$": Currency("dollar", "dollars", "cent", "cents"),
    "USD": Currency("US dollar", "US dollars", "cent", "cents"),
    "€": Currency("euro", "euros", "cent", "cents"),
    "EUR": Currency("euro", "euros", "cent", "cents"),
    "£": Currency("pound", "pounds", "penny", "pence"),
    "GBP": Currency("pound", "pounds", "penny", "pence"),
    "¥": Currency("yen", "yen"),
    "JPY": Currency("yen", "yen"),
    "₹": Currency("rupee", "rupees", "paisa", "paise"),
    "INR": Currency("rupee", "rupees", "paisa", "paise"),
    "CHF": Currency("Swiss franc", "Swiss francs", "centime", "centimes"),
    "₩": Currency("won", "won"),
    "₽": Currency("ruble", "rubles", "kopek", "kopeks"),
    "₦": Currency("naira", "naira", "kobo", "kobo"),
    "₱": Currency("peso", "pesos", "centavo", "centavos"),
    "₿": Currency("bitcoin", "bitcoins"),
}
SCALES: Mapping[str, tuple[str, str]] = {
    **{
        name: (name, name)
        for name in ("hundred", "thousand", "million", "billion", "trillion", "quadrillion", "lakh", "crore")
    },
    **dict.fromkeys(("M", "mn", "mln"), ("million", "million")),
    **dict.fromkeys(("bn", "bln"), ("billion", "billion")),
    **dict.fromkeys(("k", "K"), ("thousand", "thousand")),
}
MONEY_SCALES: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("m", "mil", "MM"), ("million", "million")),
    **dict.fromkeys(("b", "B"), ("billion", "billion")),
    **dict.fromkeys(("t", "T", "tn", "trn"), ("trillion", "trillion")),
}
UNITS: Mapping[str, tuple[str, str]] = {
    "min": ("minute", "minutes"), "mins": ("minute", "minutes"), "sec": ("second", "seconds"),
    "secs": ("second", "seconds"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"), "wk": ("week", "weeks"),
    "wks": ("week", "weeks"), "mo": ("month", "months"), "mos": ("month", "months"), "yr": ("year", "years"),
    "yrs": ("year", "years"), "yo": ("year old", "year old"),
    "Mbps": ("megabit per second", "megabits per second"), "mbps": ("megabit per second", "megabits per second"),
    "Gbit/s": ("gigabit per second", "gigabits per second"),
    "MB/s": ("megabyte per second", "megabytes per second"),
    "GB/s": ("gigabyte per second", "gigabytes per second"), "kbps": ("kilobit per second", "kilobits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"), "Mbit/s": ("megabit per second", "megabits per second"),
    "rpm": ("revolution per minute", "revolutions per minute"),
    "RPM": ("revolution per minute", "revolutions per minute"), "bpm": ("beat per minute", "beats per minute"),
    "fps": ("frame per second", "frames per second"), "dB": ("decibel", "decibels"),
    "kgs": ("kilogram", "kilograms"), "m.p.h.": ("mile per hour", "miles per hour"),
    "mAh": ("milliamp hour", "milliamp hours"), "Wh": ("watt hour", "watt hours"),
    "MWh": ("megawatt hour", "megawatt hours"), "kWh": ("kilowatt hour", "kilowatt hours"),
    "m/s²": ("meter per second squared", "meters per second squared"),
    "m/s2": ("meter per second squared", "meters per second squared"), "psi": ("PSI", "PSI"),
    "sq ft": ("square foot", "square feet"), "sq. ft.": ("square foot", "square feet"),
    "sq m": ("square meter", "square meters"), "sq km": ("square kilometer", "square kilometers"),
    "sq mi": ("square mile", "square miles"), "tbsp.": ("tablespoon", "tablespoons"),
    "tsp.": ("teaspoon", "teaspoons"), "fl oz": ("fluid ounce", "fluid ounces"), "t": ("ton", "tons"),
    "KiB": ("kibibyte", "kibibytes"), "MiB": ("mebibyte", "mebibytes"), "GiB": ("gibibyte", "gibibytes"),
    "TiB": ("tebibyte", "tebibytes"), "¢": ("cent", "cents"), "p": ("penny", "pence"), "lb": ("pound", "pounds"),
    "qt": ("quart", "quarts"), "qt.": ("quart", "quarts"), "qts": ("quart", "quarts"), "qts.": ("quart", "quarts"),
    "gal.": ("gallon", "gallons"), "gals.": ("gallon", "gallons"), "yd.": ("yard", "yards"),
    "yds.": ("yard", "yards"), "tbs.": ("tablespoon", "tablespoons"), "doz.": ("dozen", "dozen"),
    "pkg.": ("package", "packages"), "pt.": ("pint", "pints"), "pts.": ("points", "points"),
    "fl. oz.": ("fluid ounce", "fluid ounces"),
    "ft.": ("foot", "feet"), "lbs.": ("pound", "pounds"), "lb.": ("pound", "pounds"), "oz.": ("ounce", "ounces"),
    "sec.": ("second", "seconds"), "min.": ("minute", "minutes"), "hrs.": ("hour", "hours"),
    "hr.": ("hour", "hours"), "yds": ("yard", "yards"), "cal": ("calorie", "calories"),
    "°K": ("kelvin", "kelvins"), "ppm": ("part per million", "parts per million"),
}  # fmt: skip
ABBREVIATIONS: Mapping[str, str] = {
    "Mr.": "Mister", "Mr": "Mister", "Mrs.": "Missus", "Mrs": "Missus", "Ms.": "Ms", "Dr.": "Doctor",
    "Dr": "Doctor", "Prof.": "Professor", "Rev.": "Reverend", "Hon.": "Honorable", "Gov.": "Governor",
    "Sen.": "Senator", "Rep.": "Representative", "Pres.": "President", "Gen.": "General", "Col.": "Colonel",
    "Maj.": "Major", "Lt.": "Lieutenant", "Sgt.": "Sergeant", "Capt.": "Captain", "Cpl.": "Corporal",
    "Pvt.": "Private", "Adm.": "Admiral", "Cmdr.": "Commander", "Fr.": "Father", "Jr.": "Junior", "Jr": "Junior",
    "Sr.": "Senior", "Sr": "Senior", "Esq.": "Esquire", "St.": "Saint", "Ste.": "Sainte", "Mt.": "Mount",
    "Ft.": "Fort", "Inc.": "Incorporated", "Ltd.": "Limited", "Co.": "Company", "Corp.": "Corporation",
    "Bros.": "Brothers", "Dept.": "Department", "dept.": "department", "Univ.": "University",
    "Assn.": "Association", "Assoc.": "Associates", "Ave.": "Avenue", "sq.": "square", "cu.": "cubic",
    "Drs.": "Doctors", "Rt. Hon.": "Right Honorable", "Assoc. Prof.": "Associate Professor", "Blvd.": "Boulevard",
    "Rd.": "Road", "Hwy.": "Highway", "Pkwy.": "Parkway", "e.g.": "for example", "eg.": "for example",
    "E.g.": "For example", "i.e.": "that is", "I.e.": "That is", "etc.": "et cetera", "approx.": "approximately",
    "Approx.": "Approximately", "vs.": "versus", "vs": "versus", "v.": "versus", "cf.": "compare",
    "et al.": "et al", "ca.": "circa", "a.k.a.": "also known as", "aka": "also known as",
    "w/": "with", "w/o": "without", "b/c": "because", "ibid.": "ibid", "esp.": "especially", "incl.": "including",
    "excl.": "excluding", "max.": "maximum", "min.": "minimum", "avg.": "average", "misc.": "miscellaneous",
    "temp.": "temperature", "tel.": "telephone", "Tel.": "Telephone", "est.": "established", "Est.": "Established",
    "govt.": "government", "Govt.": "Government", "intl.": "international", "Intl.": "International",
    "natl.": "national", "ed.": "edition", "eds.": "editors", "viz.": "namely", "Jan.": "January",
    "Feb.": "February", "Mar.": "March", "Apr.": "April", "Jun.": "June", "Jul.": "July", "Aug.": "August",
    "Sept.": "September", "Sep.": "September", "Oct.": "October", "Nov.": "November", "Dec.": "December",
    "Mon.": "Monday", "Tue.": "Tuesday", "Tues.": "Tuesday", "Wed.": "Wednesday", "Thu.": "Thursday",
    "Thur.": "Thursday", "Thurs.": "Thursday", "Fri.": "Friday", "Sat.": "Saturday", "Sun.": "Sunday",
    "p.a.": "per annum", "P.S.": "P S", "Nos.": "numbers",
}  # fmt: skip
FINAL_ABBREVIATIONS: frozenset[str] = frozenset({
    "etc.", "Inc.", "Ltd.", "Co.", "Corp.", "Jr.", "Sr.", "Esq.", "et al.", "Bros.", "Ave.", "Blvd.", "Rd.", "p.a.",
})  # fmt: skip
PART_NOUNS = (
    "chapters?|parts?|sections?|episodes?|seasons?|tracks?|lessons?|volumes?|units?|acts?|scenes?|steps?|levels?|pages?|discs?"
    "|books?|exercises?|questions?|days?|weeks?|rounds?|stages?|phases?|articles?|appendi(?:x|ces)|tables?|figures?|wars?"
    "|types?|classes|grades?|titles?|cantos?|psalms?|items?|tiers?|verses?|plates?|modules?"
)
