"""The languages of MMS-TTS: one repository of weights and one voice each.

The list is Meta's table of supported languages (Pratap et al. 2023, arXiv 2305.13516), as the repositories
`facebook/mms-tts-{code}` are named: ISO 639-3, some with a script or a dialect behind it.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("mms_languages.tsv")

# Shown before anybody asked for them; the first two are what a download without a wish brings.
SHOWN = ("eng", "fra", "deu", "spa", "por")
NEEDED = ("eng", "fra")


@dataclass(frozen=True, slots=True)
class Language:
    """`tag` is BCP 47."""

    code: str
    tag: str
    name: str


@cache
def languages() -> dict[str, Language]:
    """Every language by its code: the shown ones, then the others in the order of the alphabet."""
    rows = [line.split("\t") for line in _TABLE.read_text(encoding="utf-8").splitlines()]
    by_code = {code: Language(code, tag, name) for code, tag, name in rows}
    return {code: by_code[code] for code in SHOWN} | by_code
