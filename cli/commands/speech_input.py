"""What the command line gives to be spoken, and how its words are said."""

import json
import sys
from pathlib import Path

from rich.console import Console


class InvalidInput(Exception):
    """Nothing to speak, bytes that are not UTF-8, or a lexicon that is none."""


def read_text(argument: str | None, errors: Console) -> str:
    """As given, or standard input. Raises BadText."""
    if argument is not None and argument != "-":
        text = argument
    else:
        if sys.stdin.isatty():
            errors.print("Type what to say; Ctrl-D ends it.")
        text = sys.stdin.buffer.read().decode("utf-8", errors="surrogateescape")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput("The text is not UTF-8.") from None
    if not text.strip():
        raise InvalidInput("There is nothing to say: the text is empty.")
    return text


def read_lexicon(path: Path | None) -> dict[str, str] | None:
    """Words, and how to say them. Raises BadText."""
    if path is None:
        return None
    try:
        lexicon = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"The lexicon {path} cannot be read: {error.strerror or error}.") from None
    except ValueError as error:
        raise InvalidInput(f"The lexicon {path} is not JSON: {error}.") from None
    if not (
        isinstance(lexicon, dict) and all(isinstance(replacement, str) for replacement in lexicon.values())
    ):
        raise InvalidInput(f'The lexicon {path} must be one JSON object of words, such as {{"GIF": "jiff"}}.')
    return lexicon
