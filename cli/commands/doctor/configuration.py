"""Checks the settings: unknown names, the Hugging Face token and the lexicon."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from dotenv import dotenv_values

from cli.commands.doctor.result import CheckResult
from common.settings import Settings
from worker.text.lexicon import Lexicon

_PREFIX = "ORATIO_"
# Variables that only commands read.
_COMMAND_VARIABLES = ("ORATIO_URL",)


def check_setting_names(_: Settings) -> Iterator[CheckResult]:
    """Find names with our prefix that no setting has; a typing error would otherwise have no effect and no message.

    Look in the environment and in `.env`.
    """
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name, place in sorted(_names_in_use()):
        if name.upper() not in known and name not in _COMMAND_VARIABLES:
            yield CheckResult(
                "Setting",
                "note",
                f"{name} {place} is unknown and ignored",
                _suggest_name(name, known),
            )


def check_token(settings: Settings) -> Iterator[CheckResult]:
    if settings.hf_token:
        yield CheckResult("HF token", "ok", "set")
    else:
        yield CheckResult(
            "HF token",
            "note",
            "not set",
            "Set HF_TOKEN to use Hugging Face Inference for voices that run nowhere else.",
        )


def check_lexicon(settings: Settings) -> Iterator[CheckResult]:
    if settings.lexicon_file is None:
        return
    try:
        entries = len(Lexicon.read(settings.lexicon_file).entries)
    except ValueError as error:
        advice = "Fix the file, or unset ORATIO_LEXICON_FILE. Workers do not start with an invalid lexicon."
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
    return f"Did you mean {bare[matches[0]]}?" if matches else ".env.example lists all settings."
