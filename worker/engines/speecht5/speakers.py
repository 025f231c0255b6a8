"""Speakers of SpeechT5: x-vectors of 512 numbers, as .npy files or in the archive that the hub has of them."""

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
# One vector for each sentence that a speaker of CMU ARCTIC read; other files are voices of their own.
_ARCTIC = re.compile(r"cmu_us_([a-z0-9]{1,40})_arctic.*")
_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_SHAPE = (512,)
# Many times what 512 numbers take.
_MAX_FILE_BYTES = 65_536
# Others unpack as much as they like at once.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

File = TypeVar("File")


def list_speakers(folder: Path) -> tuple[str, ...]:
    """Told by the names of the files alone."""
    return tuple(sorted({*_find_archived(folder), *_find_files(folder)}))


def load_speaker_vector(folder: Path, name: str) -> NDArray[np.float32]:
    """The mean of the speaker's vectors, of length 1. Raises EngineError for one that is not here or is no vector."""
    try:
        vectors = list(_vectors(folder, name))
        if not vectors or any(one.shape != _SHAPE or one.dtype.kind != "f" for one in vectors):
            raise ValueError("not a vector")
    except Exception:  # numpy and zipfile have many names for a damaged file
        message = (
            f"The speaker {name} is not on this worker as {_SHAPE[0]} numbers: download the voice again."
        )
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
                # Told how much, it unpacks no more than that, whatever the list of the archive says.
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
    except Exception:  # zipfile has many names for a damaged file
        return {}


@lru_cache(maxsize=4)
def _list_archive(path: Path, mtime_ns: int, size_bytes: int) -> dict[str, list[str]]:  # noqa: ARG001 - they say that it changed
    """Raises whatever zipfile does, which is not remembered: it may pass."""
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
