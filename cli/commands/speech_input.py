"""Reads the text and the lexicon of `oratio say` and `oratio stream`."""

import json
import shlex
import sys
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from cli.program_name import program_name


class InvalidInput(Exception):
    """The text is empty or not UTF-8, or the lexicon is invalid."""


def read_text(argument: str | None, errors: Console, *, command: str) -> str:
    """Return the argument, or standard input if it is None or "-". Raises InvalidInput.

    If the argument is the name of a file, a warning shows how `command` speaks its content.
    """
    if argument is not None and argument != "-":
        text = argument
    else:
        if sys.stdin.isatty():
            errors.print("Type the text, then press Ctrl-D.")
        text = sys.stdin.buffer.read().decode("utf-8", errors="surrogateescape")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput("The text is not UTF-8.") from None
    if not text.strip():
        raise InvalidInput("The text is empty.")
    if text == argument and _is_file(text):
        read_it = f"`{program_name()} {command} - < {shlex.quote(text)}`"
        errors.print(f"Warning: the text is the name of a file. To speak what is in the file: {read_it}")
    return text


def _is_file(name: str) -> bool:
    with suppress(OSError, ValueError):  # a long text is no valid name
        return Path(name).is_file()
    return False


def read_lexicon(path: Path | None) -> dict[str, str] | None:
    """Return words and their replacements, or None without a file. Raises InvalidInput."""
    if path is None:
        return None
    try:
        lexicon = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"The lexicon {path} cannot be read: {error.strerror or error}.") from None
    except ValueError as error:
        raise InvalidInput(f"The lexicon {path} is not valid JSON: {error}.") from None
    if not (
        isinstance(lexicon, dict) and all(isinstance(replacement, str) for replacement in lexicon.values())
    ):
        raise InvalidInput(
            f'The lexicon {path} must be a JSON object of words, for example {{"GIF": "jiff"}}.'
        )
    return lexicon
