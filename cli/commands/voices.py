"""`oratio voices`: who can speak."""

from cli.client import Voice
from cli.commands.connect import connect
from cli.output.console import make_console, print_json
from cli.output.program_name import program_name
from cli.output.tables import show_table
from common.settings import Settings

_COLUMNS = ("Voice", "Name", "Model", "Languages", "Gender", "Spoken", "Remark")
# Parler-TTS and MMS would fill a line with theirs.
_MAX_LANGUAGES = 3
# A remark says at its end what to do: where nothing forces us it is not cut.
_MAX_NOTE_WIDTH = 10_000
# How the service words it for those who write requests.
_NOT_DOWNLOADED = "is not downloaded; POST /models/download fetches it."


def voices(
    settings: Settings, *, model: str | None, language: str | None, as_json: bool, url: str | None
) -> int:
    """The exit status."""
    with connect(settings, url=url, errors=make_console(stderr=True)) as client:
        found = client.voices(model=model, language=language)
    if as_json:
        print_json([voice.raw for voice in found])
    elif found:
        show_table(make_console(), _COLUMNS, (_row(voice) for voice in found), max_width=_MAX_NOTE_WIDTH)
    else:
        make_console().print("There are no such voices.")
    return 0


def _row(voice: Voice) -> tuple[str, ...]:
    languages = ", ".join(voice.languages[:_MAX_LANGUAGES])
    ellipsis = " …" if len(voice.languages) > _MAX_LANGUAGES else ""
    provider = "a beep" if voice.provider == "stub" else voice.provider or "no"
    return (voice.id, voice.name, voice.model, languages + ellipsis, voice.gender, provider, _note(voice))


def _note(voice: Voice) -> str:
    """What stands in its way first."""
    remarks = (
        _reason(voice),
        "the default" if voice.is_default else None,
        "slow here" if voice.slow and voice.provider == "local" else None,
        voice.note,
        "takes a style" if voice.style else None,
    )
    return "; ".join(remark for remark in remarks if remark)


def _reason(voice: Voice) -> str | None:
    if voice.reason and voice.reason.endswith(_NOT_DOWNLOADED):
        return f"not downloaded: {program_name()} models download {voice.id}"
    return voice.reason
