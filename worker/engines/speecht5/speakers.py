"""Reads the speakers of SpeechT5: x-vectors of 512 numbers, in .npy files or in the archive from the hub."""

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from worker.engines.protocol import EngineError
from worker.host.models_folder import find_files, read_limited

_ARCHIVE = "spkrec-xvect.zip"
# The archive has one vector per sentence that a speaker of CMU ARCTIC read. Any other file is a voice of its own.
_ARCTIC = re.compile(r"cmu_us_([a-z0-9]{1,40})_arctic.*")
_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_SHAPE = (512,)
# Many times the size of 512 numbers.
_MAX_FILE_BYTES = 65_536
# zipfile limits how much it decompresses at once only for these methods.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

File = TypeVar("File")


def list_speakers(folder: Path) -> tuple[str, ...]:
    """Return the names of the speakers. It reads only the names of the files."""
    return tuple(sorted({*_find_archived(folder), *_find_files(folder)}))


def load_speaker_vector(folder: Path, name: str) -> NDArray[np.float32]:
    """Return the mean of the speaker's x-vectors, of shape (512,) and length 1.

    Raises EngineError if the speaker is missing or a file does not hold a vector.
    """
    try:
        vectors = list(_vectors(folder, name))
        if not vectors or any(one.shape != _SHAPE or one.dtype.kind != "f" for one in vectors):
            raise ValueError("not a vector")
    except Exception:  # numpy and zipfile raise many types for a damaged file
        message = f"The speaker {name} is missing or damaged on this worker: download the voice again."
        raise EngineError("engine_failed", message) from None
    mean = np.mean(vectors, axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def _vectors(folder: Path, name: str) -> Iterator[NDArray[Any]]:
    for path in _find_files(folder).get(name, ()):
        yield _read(read_limited(path, max_bytes=_MAX_FILE_BYTES))
    members = _find_archived(folder).get(name, ())
    if members:
        with zipfile.ZipFile(folder / _ARCHIVE) as archive:
            for member in members:
                info = archive.getinfo(member)
                if info.file_size > _MAX_FILE_BYTES or info.compress_type not in _COMPRESSIONS:
                    raise ValueError("not a vector")
                # The directory of the archive may lie about the size, so limit the read.
                with archive.open(info) as file:
                    yield _read(file.read(_MAX_FILE_BYTES))


def _read(content: bytes) -> NDArray[Any]:
    vector: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    return vector


def _find_files(folder: Path) -> dict[str, list[Path]]:
    return _group_by_speaker((path.stem, path) for path in find_files(("*.npy",), folder))


def _find_archived(folder: Path) -> dict[str, list[str]]:
    path = folder / _ARCHIVE
    try:
        info = path.stat()
        return _list_archive(path, info.st_mtime_ns, info.st_size) if S_ISREG(info.st_mode) else {}
    except Exception:  # zipfile raises many types for a damaged file
        return {}


@lru_cache(maxsize=4)
def _list_archive(path: Path, mtime_ns: int, size_bytes: int) -> dict[str, list[str]]:  # noqa: ARG001 - part of the cache key
    """Return the members of each speaker, cached until the file changes. Exceptions of zipfile are not cached."""
    with zipfile.ZipFile(path) as archive:
        members = sorted(name for name in archive.namelist() if name.endswith(".npy"))
    return _group_by_speaker((Path(member).stem, member) for member in members)


def _group_by_speaker(files: Iterator[tuple[str, File]]) -> dict[str, list[File]]:
    found: dict[str, list[File]] = defaultdict(list)
    for stem, file in files:
        arctic = _ARCTIC.fullmatch(stem)
        if arctic or _NAME.fullmatch(stem):
            found[arctic[1] if arctic else stem].append(file)
    return dict(found)
