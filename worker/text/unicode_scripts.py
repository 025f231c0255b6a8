"""Find out whether a text is in a script that the speakers of a language cannot read."""

import unicodedata
from collections import Counter
from collections.abc import Iterable

_MIN_LETTERS = 2

# The script is the first word of a character's Unicode name. A language that is not listed uses Latin letters.
_LANGUAGES_BY_SCRIPT: dict[str, str] = {
    "CYRILLIC": "ru uk be bg mk kk ky mn tg ba cv os tt ce kv ab av sah",
    "ARABIC": "ar fa ur ps sd ug ckb arz",
    "HEBREW": "he yi",
    "DEVANAGARI": "hi mr ne sa bh mai gom new",
    "GREEK": "el",
    "CJK": "zh yue wuu ja ko",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "THAI": "th",
    "LAO": "lo",
    "KHMER": "km",
    "MYANMAR": "my",
    "ETHIOPIC": "am ti",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka xmf",
    "BENGALI": "bn as bpy",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "ORIYA": "or",
    "SINHALA": "si",
    "TIBETAN": "bo dz",
}
_SEVERAL_SCRIPTS = {"sr", "sh", "az", "uz", "tk", "ku"}  # also written in Latin letters


def scripts_of_language(language: str) -> set[str]:
    """Return the scripts of a language. `language` is a primary subtag."""
    known = {script for script, languages in _LANGUAGES_BY_SCRIPT.items() if language in languages.split()}
    if language in _SEVERAL_SCRIPTS:
        return {"LATIN", "CYRILLIC", "ARABIC"}
    return known or {"LATIN"}


def find_foreign_script(text: str, *, languages: Iterable[str]) -> str | None:
    """Return the script that speakers of these languages cannot read, or None if they can read half of the letters.

    Latin letters are never foreign, because texts in every language contain Latin words.
    """
    if text.isascii():
        return None
    known = {"LATIN", ""}.union(*map(scripts_of_language, languages))
    letters: Counter[str] = Counter()
    for char, count in Counter(text).items():
        if char.isalpha():
            letters[_script_of_character(char)] += count
    foreign = Counter({script: count for script, count in letters.items() if script not in known})
    # One Greek letter in a formula says nothing about the text.
    if foreign.total() < _MIN_LETTERS or foreign.total() * 2 <= letters.total():
        return None
    script = foreign.most_common(1)[0][0]
    return script if script == "CJK" else script.title()


def _script_of_character(char: str) -> str:
    name = unicodedata.name(char, "").partition(" ")[0]
    return name if name in _LANGUAGES_BY_SCRIPT or name == "LATIN" else ""
