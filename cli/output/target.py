"""Chooses the file and the format of audio and captions."""

from itertools import count
from pathlib import Path
from typing import get_args

from cli.client.client import Captions
from common.formats import MEDIA_TYPES

_FORMAT_OF_EXTENSION = {extension: name for name, (_, extension) in MEDIA_TYPES.items()} | {"ogg": "opus"}
_EXTENSION_OF_MEDIA_TYPE = dict(MEDIA_TYPES.values())
CAPTIONS: tuple[Captions, ...] = get_args(Captions)


class InvalidOutput(Exception):
    """The path cannot be written to, or the format is unknown."""


def choose_target(output: Path | None, audio_format: str | None) -> tuple[Path, str]:
    """Return the path and the format of new audio. A default name never overwrites a file. Raises InvalidOutput."""
    check_format(audio_format)
    if output is None:
        chosen = audio_format or "wav"
        return unused_path(f"speech.{MEDIA_TYPES[chosen][1]}"), chosen
    return check_target(output), audio_format or _format_from_name(output)


def check_format(audio_format: str | None) -> str | None:
    """Return the format if it exists. Raises InvalidOutput."""
    if audio_format and audio_format not in MEDIA_TYPES:
        raise InvalidOutput(f"The format {audio_format!r} is unknown. Use one of {', '.join(MEDIA_TYPES)}.")
    return audio_format


def check_target(output: Path) -> Path:
    """Return the path if its folder exists. Raises InvalidOutput."""
    if output.is_dir():
        raise InvalidOutput(f"{output} is a folder. Name a file.")
    if not output.parent.is_dir():
        raise InvalidOutput(f"The folder {output.parent} does not exist.")
    return output


def captions_target(wanted: Path, *, audio: Path) -> tuple[Path, Captions]:
    """Return the file and the format of captions.

    `wanted` is a file, or only a format. The file is then called like that of the audio. Raises InvalidOutput.
    """
    if (kind := _caption_format(str(wanted))) is not None:
        return audio.with_suffix(f".{kind}"), kind
    kind = _caption_format(check_target(wanted).suffix)
    if kind is None:
        raise InvalidOutput(
            f"The file of captions must end in .srt, .vtt, .json or .ass, not {wanted.name!r}."
        )
    return wanted, kind


def check_caption_format(kind: str | None) -> Captions | None:
    """Raises InvalidOutput."""
    known = _caption_format(kind or "")
    if kind and known is None:
        raise InvalidOutput(f"The format {kind!r} of captions is unknown. Use one of {', '.join(CAPTIONS)}.")
    return known


def _caption_format(name: str) -> Captions | None:
    return next((kind for kind in CAPTIONS if kind == name.removeprefix(".").lower()), None)


def recording_target(output: Path | None, *, name: str, media_type: str) -> tuple[Path, str | None]:
    """Return the path and the format for existing audio; the format is None if the audio need not be converted.

    In a folder the file is called `name`. Raises InvalidOutput.
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
            f"The file name {output.name!r} does not show the format. Use --format, or one of these extensions: "
            f"{', '.join(sorted(_FORMAT_OF_EXTENSION))}."
        )
    return _FORMAT_OF_EXTENSION[extension]
