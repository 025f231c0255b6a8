"""Names of settings that nobody reads: a slip of the finger would change nothing, and nobody would say so."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values

from cli.commands.doctor.result import CheckResult
from common.settings import Settings
from worker.text.lexicon import Lexicon

_PREFIX = "ORATIO_"
# Read by commands only.
_COMMAND_VARIABLES = ("ORATIO_URL",)


def check_setting_names(_: Settings) -> Iterator[CheckResult]:
    """In the environment and in `.env`."""
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name, place in sorted(_names_in_use()):
        if name.upper() not in known and name not in _COMMAND_VARIABLES:
            yield CheckResult(
                "Setting",
                "note",
                f"{name} {place} is none of ours, so it is ignored",
                _suggest_name(name, known),
            )


def check_token(settings: Settings) -> Iterator[CheckResult]:
    if settings.hf_token:
        yield CheckResult("HF token", "ok", "set")
    else:
        yield CheckResult(
            "HF token", "note", "not set", "Set HF_TOKEN to speak other voices by hosted inference."
        )


def check_lexicon(settings: Settings) -> Iterator[CheckResult]:
    if settings.lexicon_file is None:
        return
    try:
        entries = len(Lexicon.read(settings.lexicon_file).entries)
    except ValueError as error:
        advice = "Mend the file, or unset ORATIO_LEXICON_FILE: no worker starts with it."
        yield CheckResult("Lexicon", "problem", str(error), advice)
    else:
        yield CheckResult("Lexicon", "ok", f"{settings.lexicon_file}: {entries} entries")


def _names_in_use() -> set[tuple[str, str]]:
    file = Path(".env")
    lines = dotenv_values(file) if file.is_file() else {}
    named = [(name, "in the environment") for name in os.environ] + [(name, "in .env") for name in lines]
    return {(name, place) for name, place in named if name.upper().startswith(_PREFIX)}


def _suggest_name(name: str, known: set[str]) -> str:
    bare = {one.removeprefix(_PREFIX): one for one in known}
    matches = get_close_matches(name.upper().removeprefix(_PREFIX), bare, n=1)
    return f"Is {bare[matches[0]]} meant?" if matches else ".env.example names all that there are."
