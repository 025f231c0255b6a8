"""Reads Kokoro's voices: all in one archive of numpy arrays, or one raw file each in the folder `voices`."""

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
# One style vector for each number of phonemes in a call.
_SHAPE = (510, 1, 256)
_SIZE_BYTES = 4 * 510 * 256
# The longest header that numpy writes before an array.
_HEADER_BYTES = 4096


def list_voices(files: Sequence[Path]) -> tuple[str, ...]:
    """Return the names of the voices, by names and sizes only. A voice of the wrong size is incomplete and left out."""
    return tuple(sorted(_find_files(files)))


def load_style(expression: str, files: Sequence[Path]) -> Style:
    """Return the style, of shape (510, 1, 256), of a voice or of a mix such as `af_heart(2)+af_sky(1)`.

    A mix is the weighted mean of the styles of its voices. Raises EngineError `engine_failed` if a voice is missing,
    and `model_broken` if a file is damaged.
    """
    files_by_voice = _find_files(files)
    try:
        styles = [(_read(name, files_by_voice[name]), share) for name, share in parse_mix(expression)]
    except (KeyError, InvalidRequest):
        raise EngineError("engine_failed", "This voice is not on this worker: download it first.") from None
    if len(styles) == 1:
        return styles[0][0]
    mixed: Style = np.sum([np.float32(share) * style for style, share in styles], axis=0)
    return mixed


def _find_files(files: Sequence[Path]) -> dict[str, Path]:
    return {name: file for file in files for name in _names_in(file) if _NAME.fullmatch(name)}


def _names_in(file: Path) -> tuple[str, ...]:
    try:
        status = file.stat()
        if _is_raw(file):
            return (file.stem,) if status.st_size == _SIZE_BYTES else ()
        return _names_in_archive(file, status.st_mtime_ns, status.st_size)
    except Exception:  # the file may disappear at any time, and zipfile raises many types for a damaged file
        return ()


def _is_raw(file: Path) -> bool:
    return file.parent.name == "voices"


@lru_cache(maxsize=8)
def _names_in_archive(file: Path, _mtime_ns: int, _size_bytes: int) -> tuple[str, ...]:
    """Return the voices of the archive, cached until the file changes. Exceptions of zipfile are not cached."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    return tuple(
        member.filename.removesuffix(".npy")
        for member in members
        if 0 < member.file_size - _SIZE_BYTES <= _HEADER_BYTES
    )


def _read(name: str, file: Path) -> Style:
    try:
        style = _read_raw(file) if _is_raw(file) else _read_member(name, file)
        is_valid = style.shape == _SHAPE and style.dtype == np.float32 and bool(np.isfinite(style).all())
    except Exception:  # numpy and zipfile raise many types for a damaged file
        is_valid = False
    if not is_valid:
        message = f"The file {file.name} is damaged: delete it and download the model kokoro again."
        raise EngineError("model_broken", message)
    return style


def _read_raw(file: Path) -> Style:
    return np.fromfile(file, "<f4").reshape(_SHAPE)


def _read_member(name: str, file: Path) -> Style:
    with np.load(file, allow_pickle=False) as archive:
        style: Style = archive[name]
    return style
