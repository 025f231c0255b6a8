"""Where speech is written, and in which format."""

from itertools import count
from pathlib import Path

from common.formats import MEDIA_TYPES

_FORMATS = {extension: name for name, (_, extension) in MEDIA_TYPES.items()} | {"ogg": "opus"}


class BadOutput(Exception):
    """A place where nothing can be written, or a format that cannot be told."""


def choose(output: Path | None, audio_format: str | None) -> tuple[Path, str]:
    """A path and a format. A file that nobody named is never overwritten. Raises BadOutput."""
    if audio_format and audio_format not in MEDIA_TYPES:
        raise BadOutput(f"The format {audio_format!r} is unknown; there are {', '.join(MEDIA_TYPES)}.")
    if output is None:
        chosen = audio_format or "wav"
        return _unused(f"speech.{MEDIA_TYPES[chosen][1]}"), chosen
    if output.is_dir() or not output.parent.is_dir():
        raise BadOutput(f"{output} is not a file in an existing folder.")
    return output, audio_format or _format_of(output)


def _format_of(output: Path) -> str:
    extension = output.suffix.removeprefix(".").lower()
    if extension not in _FORMATS:
        raise BadOutput(
            f"The format cannot be told from {output.name!r}; use one of {', '.join(sorted(_FORMATS))}, or --format."
        )
    return _FORMATS[extension]


def _unused(name: str) -> Path:
    first = Path(name)
    if not first.exists():
        return first
    numbered = (first.with_stem(f"{first.stem}-{number}") for number in count(2))
    return next(path for path in numbered if not path.exists())
