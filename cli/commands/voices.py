"""`oratio voices`: lists the voices, and why some are not available."""

from collections.abc import Sequence

from rich.console import Console

from cli.client import Voice
from cli.commands.connect import connect
from cli.output.console import make_console, print_json
from cli.output.tables import show_table
from cli.program_name import program_name, with_program_name
from common.settings import Settings

_COLUMNS = ("Voice", "Name", "Model", "Languages", "Gender", "Spoken by", "Notes")
_BEEP = "beep only"
# More languages would make the column too wide.
_MAX_LANGUAGES = 3
# A note ends with what to do, so it is cut only on a terminal.
_MAX_NOTE_WIDTH = 10_000
# The service names this endpoint in the reason of a voice that is not downloaded.
_DOWNLOAD_ENDPOINT = "POST /models/download"


def voices(
    settings: Settings, *, model: str | None, language: str | None, as_json: bool, url: str | None
) -> int:
    """Return the exit status."""
    with connect(settings, url=url, errors=make_console(stderr=True)) as client:
        found = client.voices(model=model, language=language)
    if as_json:
        print_json([voice.raw for voice in found])
    elif not found:
        make_console().print("No voices match.")
    elif model:
        _show_voices(make_console(), sorted(found, key=lambda voice: not voice.available))
    else:
        _show_by_availability(make_console(), found)
    return 0


def _show_by_availability(console: Console, found: Sequence[Voice]) -> None:
    """List the available voices, then the models and reasons of the others, because those have many voices each."""
    available = [voice for voice in found if voice.available]
    groups: dict[tuple[str, str, str], list[Voice]] = {}
    for voice in found:
        if not voice.available:
            reason = (_reason(voice) or "").replace(voice.id, "VOICE")
            groups.setdefault((voice.model, _provider(voice), reason), []).append(voice)
    if available:
        _show_voices(console, available)
    if available and groups:
        console.print()
    if groups:
        console.print("Not available:", style="bold")
    # Not in a table, which a terminal would cut before the end of the reason.
    for (model, provider, reason), voices in groups.items():
        count = f"{len(voices)} voices" if len(voices) > 1 else voices[0].id
        beep = ", beep only" if provider == _BEEP else ""
        console.print(f"{model} ({count}{beep}): {reason if len(voices) > 1 else _reason(voices[0])}")
    if groups:
        console.print(
            f"--model lists all voices of a model with their ids, for example --model {next(iter(groups))[0]}."
        )


def _show_voices(console: Console, voices: Sequence[Voice]) -> None:
    show_table(console, _COLUMNS, (_row(voice) for voice in voices), max_width=_MAX_NOTE_WIDTH)


def _row(voice: Voice) -> tuple[str, ...]:
    languages = ", ".join(voice.languages[:_MAX_LANGUAGES])
    ellipsis = " …" if len(voice.languages) > _MAX_LANGUAGES else ""
    return (
        voice.id,
        voice.name,
        voice.model,
        languages + ellipsis,
        voice.gender,
        _provider(voice),
        _note(voice),
    )


def _provider(voice: Voice) -> str:
    return _BEEP if voice.provider == "stub" else voice.provider or "none"


def _note(voice: Voice) -> str:
    """Return the notes on a voice, first why it is not available."""
    remarks = (
        _reason(voice),
        "default voice" if voice.is_default else None,
        "slow on this hardware" if voice.slow and voice.provider == "local" else None,
        voice.note,
        "supports a style" if voice.style else None,
    )
    return "; ".join(remark for remark in remarks if remark)


def _reason(voice: Voice) -> str | None:
    if voice.reason and _DOWNLOAD_ENDPOINT in voice.reason:
        return f"not downloaded: {program_name()} models download {voice.id}"
    return with_program_name(voice.reason) if voice.reason else None
