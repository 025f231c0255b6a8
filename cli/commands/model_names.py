"""Names of models, weights and voices on the command line, and the message about unknown names."""

from collections.abc import Sequence

from cli.program_name import program_name
from common.catalogue import MODELS, find_voice
from common.catalogue.download_items import items_of_model
from common.errors import OratioError


def is_model(name: str) -> bool:
    """Return whether `name` is a model, such as mms, or the key of weights, such as mms_deu."""
    try:
        return bool(items_of_model(name))
    except KeyError:
        return False


def unknown_names_message(names: Sequence[str]) -> str:
    """Return a message that lists the unknown names, or all names if none can be singled out here."""
    unknown = [name for name in names if not is_model(name) and not _is_voice(name)] or names
    return (
        f"No model or voice is called {', '.join(unknown)}. The models are {', '.join(MODELS)}, and the languages of "
        f"MMS such as mms_deu or mms_swh. List the voices with `{program_name()} voices`."
    )


def _is_voice(name: str) -> bool:
    try:
        find_voice(name)
    except OratioError:
        return False
    return True
