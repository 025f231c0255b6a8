"""Finds the weights in the models folder, by the manifests of downloads or by the files that people copied there."""

import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from errno import EFBIG
from fnmatch import fnmatchcase
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, Literal

from common.catalogue import MODELS, Repository, Weights, weights_of

State = Literal["absent", "partial", "complete"]

# The manifest is written when all files of a download are present and verified.
MANIFEST_NAME = ".oratio.json"
PART_SUFFIX = ".part"
# Where the hub's own tools store metadata about a folder that they downloaded into.
_HUB_METADATA_DIR = ".cache/huggingface/download"
_MAX_MANIFEST_BYTES = 10_000_000
_MAX_HUB_METADATA_BYTES = 4096
# People may write the files that contain it, and it goes into API responses.
_REVISION = re.compile(r"[0-9A-Za-z._-]{1,64}")


@dataclass(frozen=True, slots=True)
class WeightsPresence:
    """How much of some weights is in the models folder.

    `revision` is the commit of the first repository, if known. `size_bytes` is the size of the present files.
    `fingerprint` changes when any file or the manifest changes.
    """

    state: State
    revision: str | None = None
    size_bytes: int = 0
    fingerprint: int = 0


def scan(root: Path) -> dict[str, WeightsPresence]:
    """Return all weights that are at least partly present, by key."""
    folder_names = _list_folders(root)
    found = {
        weights.key: check_presence(weights, root)
        for model in MODELS
        for weights in weights_of(model)
        if _may_be_present(weights, folder_names)
    }
    return {key: presence for key, presence in found.items() if presence.state != "absent"}


def check_presence(weights: Weights, root: Path) -> WeightsPresence:
    """Return the presence of all repositories of the weights together.

    They are complete only if each repository is. A repository that cannot be read counts as partial.
    """
    found = [_check_repository(repository, root) for repository in weights.repositories]
    if not found:
        return WeightsPresence("complete")
    states = {presence.state for presence in found}
    state = states.pop() if len(states) == 1 else "partial"
    return WeightsPresence(
        state,
        found[0].revision,
        sum(presence.size_bytes for presence in found),
        hash(tuple(presence.fingerprint for presence in found)),
    )


def find_folder(repository: Repository, root: Path) -> Path:
    """Return the folder of a repository: its own name, another known name, or its own name if none exists."""
    candidates = [root / name for name in (repository.folder, *repository.elsewhere)]
    return next((folder for folder in candidates if _is_folder(folder)), candidates[0])


def match_first(group: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the names that match the first pattern with any match, sorted. `group` is a list of alternatives."""
    for pattern in group:
        if matching := sorted(name for name in names if fnmatchcase(name, pattern)):
            return matching
    return []


def find_files(group: Sequence[str], folder: Path) -> list[Path]:
    """Return the files in a folder that `match_first` selects."""
    return [folder / name for name in match_first(group, list(_list_files(folder)))]


def file_size(path: Path) -> int:
    """Return the size in bytes, or 0 if the file no longer exists."""
    status = _status(path)
    return status.st_size if status else 0


def read_limited(path: Path, *, max_bytes: int) -> bytes:
    """Return the content of a file.

    Raises OSError if the path is not a regular file, because reading a pipe or a device may never end, or if the file
    is longer than `max_bytes`.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    with path.open("rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(EFBIG, f"longer than {max_bytes} bytes", path)
    return content


def select_files(repository: Repository, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the files of a repository that an engine needs or can use, without duplicates."""
    needed = [name for group in repository.needed for name in match_first(group, names)]
    extra = [name for pattern in repository.extra for name in names if fnmatchcase(name, pattern)]
    return tuple(dict.fromkeys([*needed, *extra]))


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return `{"revision", "files": {name: {"size_bytes", …}}}`, or None without a valid manifest."""
    try:
        manifest = json.loads(read_limited(folder / MANIFEST_NAME, max_bytes=_MAX_MANIFEST_BYTES))
        sizes = [entry["size_bytes"] for entry in manifest["files"].values()]
        is_valid = isinstance(manifest["revision"], str) and sizes and all(isinstance(n, int) for n in sizes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return manifest if is_valid else None


def _may_be_present(weights: Weights, folder_names: set[str]) -> bool:
    """Return whether a folder of the weights exists. This is cheap: MMS alone has a thousand repositories."""
    names = [
        name for repository in weights.repositories for name in (repository.folder, *repository.elsewhere)
    ]
    return not names or any(name in folder_names for name in names)


def _list_folders(root: Path) -> set[str]:
    try:
        return {path.name for path in root.iterdir() if _is_folder(path)}
    except OSError:
        return set()


def _is_folder(path: Path) -> bool:
    """Return whether the path is a folder. Unlike `Path.is_dir`, never raises for missing permissions."""
    status = _any_status(path)
    return status is not None and S_ISDIR(status.st_mode)


def _check_repository(repository: Repository, root: Path) -> WeightsPresence:
    try:
        return _check_folder(find_folder(repository, root), repository)
    except Exception:  # an unreadable folder must not hide the others
        return WeightsPresence("partial")


def _check_folder(folder: Path, repository: Repository) -> WeightsPresence:
    files = _list_files(folder)
    if not files:
        return WeightsPresence("absent")
    manifest = read_manifest(folder)
    is_complete = _matches_manifest(files, manifest) if manifest else _has_needed_files(files, repository)
    return WeightsPresence(
        "complete" if is_complete else "partial",
        _valid_revision(manifest["revision"]) if manifest else _read_hub_revision(folder),
        sum(files[name].st_size for name in select_files(repository, list(files))),
        _fingerprint(
            files | ({MANIFEST_NAME: status} if (status := _status(folder / MANIFEST_NAME)) else {})
        ),
    )


def _fingerprint(files: dict[str, os.stat_result]) -> int:
    return hash(frozenset((name, status.st_size, status.st_mtime_ns) for name, status in files.items()))


def _matches_manifest(files: dict[str, os.stat_result], manifest: dict[str, Any]) -> bool:
    return all(
        name in files and files[name].st_size == entry["size_bytes"]
        for name, entry in manifest["files"].items()
    )


def _has_needed_files(files: dict[str, os.stat_result], repository: Repository) -> bool:
    unfinished = any(name.endswith((PART_SUFFIX, ".incomplete")) for name in files)
    return not unfinished and all(match_first(group, list(files)) for group in repository.needed)


def _list_files(folder: Path) -> dict[str, os.stat_result]:
    """Return all files below a folder by relative POSIX path. Of the hub's metadata, only unfinished downloads."""
    # Unlike `Path.rglob`, `os.walk` skips folders that disappear or cannot be read.
    paths = (Path(directory, name) for directory, _, names in os.walk(folder) for name in names)
    found = ((path.relative_to(folder).as_posix(), _status(path)) for path in paths)
    return {name: status for name, status in found if status is not None and _is_relevant(name)}


def _status(path: Path) -> os.stat_result | None:
    """Return the status of a regular file, or None for anything else."""
    status = _any_status(path)
    return status if status and S_ISREG(status.st_mode) else None


def _any_status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _is_relevant(name: str) -> bool:
    return name != MANIFEST_NAME and (not name.startswith(_HUB_METADATA_DIR) or name.endswith(".incomplete"))


def _read_hub_revision(folder: Path) -> str | None:
    """Return the commit from the metadata that the hub's own tools write for each file."""
    for metadata in sorted((folder / _HUB_METADATA_DIR).glob("*.metadata")):
        with suppress(OSError, ValueError):
            text = read_limited(metadata, max_bytes=_MAX_HUB_METADATA_BYTES).decode()
            return _valid_revision(text.partition("\n")[0].strip())
    return None


def _valid_revision(name: str) -> str | None:
    return name if _REVISION.fullmatch(name) else None
