"""Where speech is written, and in which format."""

from itertools import count
from pathlib import Path
from typing import cast

from cli.client.client import Captions
from common.formats import MEDIA_TYPES

_FORMATS = {extension: name for name, (_, extension) in MEDIA_TYPES.items()} | {"ogg": "opus"}
_EXTENSIONS = dict(MEDIA_TYPES.values())
_CAPTIONS = ("srt", "vtt", "json")


class BadOutput(Exception):
    """A place where nothing can be written, or a format that cannot be told."""


def choose(output: Path | None, audio_format: str | None) -> tuple[Path, str]:
    """A path and a format. A file that nobody named is never overwritten. Raises BadOutput."""
    checked_format(audio_format)
    if output is None:
        chosen = audio_format or "wav"
        return unused(f"speech.{MEDIA_TYPES[chosen][1]}"), chosen
    return checked(output), audio_format or _format_of(output)


def checked_format(audio_format: str | None) -> str | None:
    """Raises BadOutput."""
    if audio_format and audio_format not in MEDIA_TYPES:
        raise BadOutput(f"The format {audio_format!r} is unknown; there are {', '.join(MEDIA_TYPES)}.")
    return audio_format


def checked(output: Path) -> Path:
    """Raises BadOutput."""
    if output.is_dir() or not output.parent.is_dir():
        raise BadOutput(f"{output} is not a file in an existing folder.")
    return output


def captions_kind(path: Path) -> Captions:
    """By its ending. Raises BadOutput."""
    kind = checked(path).suffix.removeprefix(".").lower()
    if kind not in _CAPTIONS:
        raise BadOutput(f"Captions end in .srt, .vtt or .json, and {path.name!r} does not.")
    return cast(Captions, kind)


def place_for(output: Path | None, *, name: str, media_type: str) -> tuple[Path, str | None]:
    """For sound that there is already: in a folder under `name`. The format is None where it is the sound's own.

    Raises BadOutput.
    """
    extension = _EXTENSIONS.get(media_type.partition(";")[0].strip(), "bin")
    if output is None or output.is_dir():
        return unused(str((output or Path()) / f"{name}.{extension}")), None
    wanted = _FORMATS.get(output.suffix.removeprefix(".").lower())
    return checked(output), None if wanted == _FORMATS.get(extension) else wanted


def unused(name: str) -> Path:
    first = Path(name)
    if not first.exists():
        return first
    numbered = (first.with_stem(f"{first.stem}-{number}") for number in count(2))
    return next(path for path in numbered if not path.exists())


def _format_of(output: Path) -> str:
    extension = output.suffix.removeprefix(".").lower()
    if extension not in _FORMATS:
        raise BadOutput(
            f"The format cannot be told from {output.name!r}; use one of {', '.join(sorted(_FORMATS))}, or --format."
        )
    return _FORMATS[extension]
