"""Checks settings that name models, voices and files, before processes start that could not serve with them."""

import sys
from collections.abc import Iterator

from api.openai.names import check_operator_voices
from common.catalogue import MODELS, find_weights
from common.provider_names import INFERENCE, STUB
from common.settings import INVALID_EXIT_CODE, Settings
from worker.text.lexicon import Lexicon


def exit_if_invalid(settings: Settings) -> None:
    """Print one line for each invalid setting to stderr and exit with 2, if there are any."""
    if lines := list(_invalid_settings(settings)):
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.exit(INVALID_EXIT_CODE)


def _invalid_settings(settings: Settings) -> Iterator[str]:
    if unknown := [name for name in settings.worker_model_names if not _is_known(name)]:
        known = ", ".join((*MODELS, STUB, INFERENCE))
        yield f"ORATIO_WORKER_MODELS: {', '.join(unknown)} does not exist. Known models: {known}"
    if settings.lexicon_file is not None:
        try:
            Lexicon.read(settings.lexicon_file)
        except ValueError as error:
            yield f"ORATIO_LEXICON_FILE: {error}"
    try:
        check_operator_voices(settings)
    except ValueError as error:
        yield str(error)


def _is_known(name: str) -> bool:
    """Return whether this is a model, a provider or the key of weights, such as `mms_fra`."""
    if name in MODELS or name in (STUB, INFERENCE):
        return True
    try:
        find_weights(name)
    except KeyError:
        return False
    return True
