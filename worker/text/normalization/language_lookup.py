"""Find the rules of a language by its tag."""

from functools import cache
from importlib import import_module

from worker.text.normalization.language import Language

# The class of each language, in the module of its code.
_CLASSES = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "pt": "Portuguese",
}


@cache
def find_language(tag: str) -> Language | None:
    """Return the language of a BCP 47 tag, or None if there are no rules for it."""
    primary = tag.replace("_", "-").partition("-")[0].lower()
    if primary not in _CLASSES:
        return None
    language = getattr(import_module(f"worker.text.normalization.{primary}"), _CLASSES[primary])(tag)
    return language if isinstance(language, Language) else None
