"""Which of espeak-ng's languages a voice of Kokoro is to speak."""

from collections.abc import Container

# By the first letter of a voice's name.
LANGUAGE_BY_PREFIX = {
    "a": "en-us",
    "b": "en-gb",
    "e": "es",
    "f": "fr-fr",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-br",
    "z": "cmn",
}
# What BCP 47 calls otherwise than espeak-ng. Of languages with several accents it is the one that the model learned.
_ESPEAK_NAMES = {
    "en": "en-us",
    "fr": "fr-fr",
    "iw": "he",
    "nn": "nb",
    "no": "nb",
    "pt": "pt-br",
    "pt-pt": "pt",
    "zh": "cmn",
}


def espeak_language(voice: str, asked: str, *, known: Container[str]) -> str:
    """The voice's own, unless another language (BCP 47) is asked for that espeak-ng knows."""
    own = LANGUAGE_BY_PREFIX.get(voice[:1], "en-us")
    tag = asked.replace("_", "-").lower()
    primary = tag.partition("-")[0]
    if primary == primary_subtag(own):
        return own
    names = (_ESPEAK_NAMES.get(name, name) for name in (tag, primary))
    return next((name for name in names if name in known), own)


def primary_subtag(language: str) -> str:
    """BCP 47's, of one of espeak-ng's languages."""
    return "zh" if language == "cmn" else language.partition("-")[0]
