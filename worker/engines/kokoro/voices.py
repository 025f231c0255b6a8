"""The voices of Kokoro in a folder: all in an archive of numpy arrays, or one raw file for each in `voices`."""

import re
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.catalogue.voice_mix import parse_mix
from common.errors import InvalidRequest
from worker.engines.protocol import EngineError

Style = NDArray[np.float32]

_NAME = re.compile(r"[a-z0-9_-]{1,64}")
# A style for each number of phonemes that a call may have.
_SHAPE = (510, 1, 256)
_SIZE_BYTES = 4 * 510 * 256
# What numpy puts before an array.
_HEADER_BYTES = 4096


def voice_names(files: Sequence[Path]) -> tuple[str, ...]:
    """Looks at names and sizes only. A voice of a wrong size is left out: its file has come only in part."""
    return tuple(sorted(_places(files)))


def style_of(expression: str, files: Sequence[Path]) -> Style:
    """(510, 1, 256), of a voice or of a mix such as `af_heart(2)+af_sky(1)`.

    Raises EngineError: for a voice that is not here, and `model_broken` for a file that does not hold what it should.
    """
    places = _places(files)
    try:
        parts = [(_read(name, places[name]), share) for name, share in parse_mix(expression)]
    except (KeyError, InvalidRequest):
        raise EngineError("engine_failed", "This voice is not on this worker: download it first.") from None
    if len(parts) == 1:
        return parts[0][0]
    mixed: Style = np.sum([np.float32(share) * style for style, share in parts], axis=0)
    return mixed


def _places(files: Sequence[Path]) -> dict[str, Path]:
    return {name: file for file in files for name in _names_in(file) if _NAME.fullmatch(name)}


def _names_in(file: Path) -> tuple[str, ...]:
    try:
        about = file.stat()
        if _is_raw(file):
            return (file.stem,) if about.st_size == _SIZE_BYTES else ()
        return _names_in_archive(file, about.st_mtime_ns, about.st_size)
    except Exception:  # it may go at any time, and zipfile has many names for a damaged file
        return ()


def _is_raw(file: Path) -> bool:
    return file.parent.name == "voices"


@lru_cache(maxsize=8)
def _names_in_archive(file: Path, _mtime_ns: int, _size_bytes: int) -> tuple[str, ...]:
    """Remembered until the file changes. Raises whatever zipfile does, which is not remembered: it may pass."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    return tuple(
        member.filename.removesuffix(".npy")
        for member in members
        if 0 < member.file_size - _SIZE_BYTES <= _HEADER_BYTES
    )


def _read(name: str, file: Path) -> Style:
    try:
        style = _raw(file) if _is_raw(file) else _member(name, file)
        whole = style.shape == _SHAPE and style.dtype == np.float32 and bool(np.isfinite(style).all())
    except Exception:  # numpy and zipfile have many names for a damaged file
        whole = False
    if not whole:
        message = f"The file {file.name} is damaged: delete it and download the model kokoro again."
        raise EngineError("model_broken", message)
    return style


def _raw(file: Path) -> Style:
    return np.fromfile(file, "<f4").reshape(_SHAPE)


def _member(name: str, file: Path) -> Style:
    with np.load(file, allow_pickle=False) as archive:
        style: Style = archive[name]
    return style
