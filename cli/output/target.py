"""Where speech is written, and in which format."""

from itertools import count
from pathlib import Path
from typing import cast

from cli.client.client import Captions
from common.formats import MEDIA_TYPES

_FORMAT_OF_EXTENSION = {extension: name for name, (_, extension) in MEDIA_TYPES.items()} | {"ogg": "opus"}
_EXTENSION_OF_MEDIA_TYPE = dict(MEDIA_TYPES.values())
_CAPTIONS = ("srt", "vtt", "json")


class InvalidOutput(Exception):
    """A place where nothing can be written, or a format that cannot be told."""


def choose_target(output: Path | None, audio_format: str | None) -> tuple[Path, str]:
    """A path and a format. A file that nobody named is never overwritten. Raises BadOutput."""
    check_format(audio_format)
    if output is None:
        chosen = audio_format or "wav"
        return unused_path(f"speech.{MEDIA_TYPES[chosen][1]}"), chosen
    return check_target(output), audio_format or _format_from_name(output)


def check_format(audio_format: str | None) -> str | None:
    """Raises BadOutput."""
    if audio_format and audio_format not in MEDIA_TYPES:
        raise InvalidOutput(f"The format {audio_format!r} is unknown; there are {', '.join(MEDIA_TYPES)}.")
    return audio_format


def check_target(output: Path) -> Path:
    """Raises BadOutput."""
    if output.is_dir() or not output.parent.is_dir():
        raise InvalidOutput(f"{output} is not a file in an existing folder.")
    return output


def captions_format(path: Path) -> Captions:
    """By its ending. Raises BadOutput."""
    kind = check_target(path).suffix.removeprefix(".").lower()
    if kind not in _CAPTIONS:
        raise InvalidOutput(f"Captions end in .srt, .vtt or .json, and {path.name!r} does not.")
    return cast(Captions, kind)


def recording_target(output: Path | None, *, name: str, media_type: str) -> tuple[Path, str | None]:
    """For sound that there is already: in a folder under `name`. The format is None where it is the sound's own.

    Raises BadOutput.
    """
    extension = _EXTENSION_OF_MEDIA_TYPE.get(media_type.partition(";")[0].strip(), "bin")
    if output is None or output.is_dir():
        return unused_path(str((output or Path()) / f"{name}.{extension}")), None
    wanted = _FORMAT_OF_EXTENSION.get(output.suffix.removeprefix(".").lower())
    return check_target(output), None if wanted == _FORMAT_OF_EXTENSION.get(extension) else wanted


def unused_path(name: str) -> Path:
    first = Path(name)
    if not first.exists():
        return first
    numbered = (first.with_stem(f"{first.stem}-{number}") for number in count(2))
    return next(path for path in numbered if not path.exists())


def _format_from_name(output: Path) -> str:
    extension = output.suffix.removeprefix(".").lower()
    if extension not in _FORMAT_OF_EXTENSION:
        raise InvalidOutput(
            f"The format cannot be told from {output.name!r}; use one of {', '.join(sorted(_FORMAT_OF_EXTENSION))}, or --format."
        )
    return _FORMAT_OF_EXTENSION[extension]
