"""What lies in the models folder: by our own notes on what was downloaded, else by the files that people put there."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from stat import S_ISREG
from typing import Any, Literal

from common.catalogue import MODELS, Repository, Weights, weights_of

State = Literal["absent", "partial", "complete"]

# Written when the last file of a download is there and was checked; what it lists must still be there.
NOTE = ".oratio.json"
PART = ".part"
# Where the hub's own tools keep what they know of a folder that they downloaded into.
_HUB_NOTES = ".cache/huggingface/download"
_STATES: tuple[State, ...] = ("absent", "partial", "complete")


@dataclass(frozen=True, slots=True)
class Presence:
    """`revision` is the commit of the first repository, where it is known; `size_bytes` of what is there.

    `changed_at` is the latest change of any of its files (epoch seconds).
    """

    state: State
    revision: str | None = None
    size_bytes: int = 0
    changed_at: float = 0.0


def scan(root: Path) -> dict[str, Presence]:
    """Everything that is there at least in part, by the keys of weights."""
    there = {path.name for path in root.iterdir() if path.is_dir()} if root.is_dir() else set()
    found = {
        weights.key: presence(weights, root)
        for model in MODELS
        for weights in weights_of(model)
        if _may_be_there(weights, there)
    }
    return {key: one for key, one in found.items() if one.state != "absent"}


def presence(weights: Weights, root: Path) -> Presence:
    """As all of its repositories together: complete only if each is."""
    found = [_presence(find_folder(repository, root), repository) for repository in weights.repositories]
    if not found:
        return Presence("complete")
    states = {one.state for one in found}
    state = states.pop() if len(states) == 1 else "partial"
    return Presence(
        state,
        found[0].revision,
        sum(one.size_bytes for one in found),
        max(one.changed_at for one in found),
    )


def find_folder(repository: Repository, root: Path) -> Path:
    """Where a repository lies: under its own name, else under one that people use, else where it belongs."""
    candidates = [root / name for name in (repository.folder, *repository.elsewhere)]
    return next((folder for folder in candidates if folder.is_dir()), candidates[0])


def files_of(group: Sequence[str], names: Sequence[str]) -> list[str]:
    """What the first pattern that matches anything matches, in the order of the alphabet."""
    for pattern in group:
        if matching := sorted(name for name in names if fnmatchcase(name, pattern)):
            return matching
    return []


def find_files(group: Sequence[str], folder: Path) -> list[Path]:
    """The same, of the files in a folder."""
    return [folder / name for name in files_of(group, list(_files(folder)))]


def chosen(repository: Repository, names: Sequence[str]) -> tuple[str, ...]:
    """The files of a repository that are worth having; a name is in it once."""
    needed = [name for group in repository.needed for name in files_of(group, names)]
    extra = [name for pattern in repository.extra for name in names if fnmatchcase(name, pattern)]
    return tuple(dict.fromkeys([*needed, *extra]))


def read_note(folder: Path) -> dict[str, Any] | None:
    """`{"revision", "files": {name: {"size_bytes", …}}}`; None where nothing was downloaded whole."""
    try:
        note = json.loads((folder / NOTE).read_text())
        sizes = [about["size_bytes"] for about in note["files"].values()]
        is_ours = isinstance(note["revision"], str) and sizes and all(isinstance(one, int) for one in sizes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return note if is_ours else None


def _may_be_there(weights: Weights, there: set[str]) -> bool:
    """Cheap: MMS alone has a thousand repositories."""
    names = [
        name for repository in weights.repositories for name in (repository.folder, *repository.elsewhere)
    ]
    return not names or any(name in there for name in names)


def _presence(folder: Path, repository: Repository) -> Presence:
    files = _files(folder)
    if not files:
        return Presence("absent")
    note = read_note(folder)
    whole = _is_as_noted(files, note) if note else _looks_whole(files, repository)
    return Presence(
        "complete" if whole else "partial",
        note["revision"] if note else _hub_revision(folder),
        sum(files[name].st_size for name in chosen(repository, list(files))),
        max(status.st_mtime for status in files.values()),
    )


def _is_as_noted(files: dict[str, os.stat_result], note: dict[str, Any]) -> bool:
    return all(
        name in files and files[name].st_size == about["size_bytes"] for name, about in note["files"].items()
    )


def _looks_whole(files: dict[str, os.stat_result], repository: Repository) -> bool:
    unfinished = any(name.endswith((PART, ".incomplete")) for name in files)
    return not unfinished and all(files_of(group, list(files)) for group in repository.needed)


def _files(folder: Path) -> dict[str, os.stat_result]:
    """Every file below, by its path from there with `/`; of the hub's notes only what is unfinished."""
    found = ((path.relative_to(folder).as_posix(), _status(path)) for path in folder.rglob("*"))
    return {name: status for name, status in found if status is not None and _counts(name)}


def _status(path: Path) -> os.stat_result | None:
    """None for a folder, and for what was renamed a moment ago."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status if S_ISREG(status.st_mode) else None


def _counts(name: str) -> bool:
    return name != NOTE and (not name.startswith(_HUB_NOTES) or name.endswith(".incomplete"))


def _hub_revision(folder: Path) -> str | None:
    """The commit that the hub's own tools noted beside each file."""
    for note in sorted((folder / _HUB_NOTES).glob("*.metadata")):
        with suppress(OSError, ValueError):
            return note.read_text().partition("\n")[0].strip() or None
    return None
