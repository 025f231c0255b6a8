"""Chooses the espeak-ng language for a Kokoro voice."""

from collections.abc import Container

# The espeak-ng language of a voice, by the first letter of its name.
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
# BCP 47 tags that have another name in espeak-ng. For languages with several accents, the one that Kokoro learned.
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


def espeak_language(voice: str, requested: str, *, known: Container[str]) -> str:
    """Return the voice's own language, or the requested one (BCP 47) if it differs and `known` contains it."""
    own_language = LANGUAGE_BY_PREFIX.get(voice[:1], "en-us")
    tag = requested.replace("_", "-").lower()
    primary = tag.partition("-")[0]
    if primary == primary_subtag(own_language):
        return own_language
    names = (_ESPEAK_NAMES.get(name, name) for name in (tag, primary))
    return next((name for name in names if name in known), own_language)


def primary_subtag(language: str) -> str:
    """Return the BCP 47 primary subtag of an espeak-ng language."""
    return "zh" if language == "cmn" else language.partition("-")[0]
