"""Names of models and voices as people type them, and what is said of those that nobody knows."""

from collections.abc import Sequence

from common.catalogue import MODELS, find_voice
from common.catalogue.download_items import items_of_model
from common.errors import OratioError


def is_model(name: str) -> bool:
    """A family, or the key of a single set of weights."""
    try:
        return bool(items_of_model(name))
    except KeyError:
        return False


def unknown_names_message(names: Sequence[str]) -> str:
    """Which of the names it is, as far as they are told apart here, and what there is."""
    unknown = [name for name in names if not is_model(name) and not _is_voice(name)] or names
    return (
        f"There is no model and no voice with this id: {', '.join(unknown)}. The models are {', '.join(MODELS)}, and "
        "the languages of MMS as mms_deu, mms_swh, …; GET /voices lists the voices, such as af_heart."
    )


def _is_voice(name: str) -> bool:
    try:
        find_voice(name)
    except OratioError:
        return False
    return True
