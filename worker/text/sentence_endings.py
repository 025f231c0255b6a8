"""Which points end a sentence: those of abbreviations, initials and ordinals do not, though they look like it."""

import re
from functools import cache

from worker.text.normalization.language import Language
from worker.text.normalization.language_lookup import find_language

_WINDOW_CHARS = 32  # looked at before and behind a point
_REFERENCE = re.compile(
    r"(?<!\w)(?:nos?|nr|n|núm|vols?|bd|tomo?|ch|chap|cap|kap|pp?|pgs?|págs?|pags?|art|figs?|abb|abs|sec|sect|eq|tab|eds?"
    r"|par|approx|aprox|env|ca|c|tel|ext|apt|rm|op|opp|ll?|vv?|z|s|ss|h)\.$",
    re.IGNORECASE,
)
# "J.-P. Sartre", and "a.C. morì".
_INITIALS = re.compile(r"(?<!\w)(?:[A-ZÀ-ÝŒ][a-z]?\.-?){1,4}$")
_POINTS = re.compile(r"(?<!\w)(?:\w\.){2,5}$")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ0-9-]")


def ends_sentence(text: str, stop: int, *, language: str) -> bool:
    """Whether what looks like the end of a sentence at `stop`, behind its white space, is one."""
    before = text[max(0, stop - _WINDOW_CHARS) : stop].rstrip()
    after = text[stop : stop + _WINDOW_CHARS]
    if not before.endswith(".") or before.endswith("..") or not after:
        return True
    if not text[stop - 1].isspace():
        # Inside a word: "J.-C.", an address. Scripts that need no spaces end a sentence otherwise.
        return not _LATIN.match(after)
    if after[0].isdecimal() and _REFERENCE.search(before):
        return False
    known = find_language(language)
    return known is None or not _shortened(before, after, language=known)


def _shortened(before: str, after: str, *, language: Language) -> bool:
    """Whether the point belongs to an abbreviation that goes on or that another word follows."""
    if language.point_continues(before, after) or (after[0].islower() and _POINTS.search(before)):
        return True
    # English initials are known to the library, and "Plan A." may end a sentence.
    if language.code != "en" and after[0].isupper() and _INITIALS.search(before):
        return True
    pattern = _abbreviations(language)
    if pattern is None:
        return False
    for match in pattern.finditer(f"{before} {after}"):
        if match.start() < len(before) < match.end():
            return True
        if match.end() == len(before):
            return _goes_on(match[0], after, language=language)
    return False


def _goes_on(name: str, after: str, *, language: Language) -> bool:
    if after[0].islower() or after[0].isdecimal():
        return True
    # A title before a name. English ones are known to the library, and its shortened months may end a sentence.
    return name[0].isupper() and name not in language.final_abbreviations and language.code != "en"


@cache
def _abbreviations(language: Language) -> re.Pattern[str] | None:
    names = sorted((name for name in language.abbreviations if name.endswith(".")), key=len, reverse=True)
    written = "|".join(re.escape(name).replace(r"\ ", " ?") for name in names)
    return re.compile(rf"(?<![\w.])(?:{written})(?!\w)") if names else None
