"""`oratio voices`: lists the voices, and why some are not available."""

from cli.client import Voice
from cli.commands.connect import connect
from cli.output.console import make_console, print_json
from cli.output.program_name import program_name
from cli.output.tables import show_table
from common.settings import Settings

_COLUMNS = ("Voice", "Name", "Model", "Languages", "Gender", "Spoken by", "Notes")
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
    elif found:
        show_table(make_console(), _COLUMNS, (_row(voice) for voice in found), max_width=_MAX_NOTE_WIDTH)
    else:
        make_console().print("No voices match.")
    return 0


def _row(voice: Voice) -> tuple[str, ...]:
    languages = ", ".join(voice.languages[:_MAX_LANGUAGES])
    ellipsis = " …" if len(voice.languages) > _MAX_LANGUAGES else ""
    provider = "beep only" if voice.provider == "stub" else voice.provider or "none"
    return (voice.id, voice.name, voice.model, languages + ellipsis, voice.gender, provider, _note(voice))


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
    return voice.reason
