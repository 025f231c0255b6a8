"""The languages of MMS-TTS. Each has one repository of weights and one voice.

The list is Meta's table of supported languages (Pratap et al. 2023, arXiv 2305.13516). Codes are those of the
repositories `facebook/mms-tts-{code}`: ISO 639-3, some followed by a script or a dialect.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("mms_languages.tsv")

# Lists show these languages by default. A download without names fetches the needed ones.
SHOWN = ("eng", "fra", "deu", "spa", "por")
NEEDED = ("eng", "fra")


@dataclass(frozen=True, slots=True)
class MmsLanguage:
    """`tag` is a BCP 47 language tag."""

    code: str
    tag: str
    name: str


@cache
def languages() -> dict[str, MmsLanguage]:
    """All languages by code: the ones shown by default, then the others in alphabetical order."""
    rows = [line.split("\t") for line in _TABLE.read_text(encoding="utf-8").splitlines()]
    by_code = {code: MmsLanguage(code, tag, name) for code, tag, name in rows}
    return {code: by_code[code] for code in SHOWN} | by_code
