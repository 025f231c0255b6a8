"""The languages that are read, found by their tags."""

from functools import cache
from importlib import import_module

from worker.text.normalization.language import Language

# Where each is read; its module has the class `Reader`.
_KNOWN = frozenset({"de", "en", "es", "fr", "it", "pt"})


@cache
def reader(tag: str) -> Language | None:
    """The language of a BCP 47 tag, or None where its texts are only cleaned."""
    primary = tag.replace("_", "-").partition("-")[0].lower()
    if primary not in _KNOWN:
        return None
    found = import_module(f"worker.text.normalization.{primary}").Reader(tag)
    return found if isinstance(found, Language) else None
