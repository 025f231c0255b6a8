"""What lies in the models folder: by our own notes on what was downloaded, else by the files that people put there."""

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

# Written when the last file of a download is there and was checked; what it lists must still be there.
NOTE = ".oratio.json"
PART = ".part"
# Where the hub's own tools keep what they know of a folder that they downloaded into.
_HUB_NOTES = ".cache/huggingface/download"
_NOTE_BYTES = 10_000_000
_HUB_NOTE_BYTES = 4096
# Whoever writes it: it goes into answers of the API.
_REVISION = re.compile(r"[0-9A-Za-z._-]{1,64}")
_STATES: tuple[State, ...] = ("absent", "partial", "complete")


@dataclass(frozen=True, slots=True)
class Presence:
    """`revision` is the commit of the first repository, where it is known; `size_bytes` of what is there.

    `fingerprint` is another one when any of its files, or our note of them, was changed.
    """

    state: State
    revision: str | None = None
    size_bytes: int = 0
    fingerprint: int = 0


def scan(root: Path) -> dict[str, Presence]:
    """Everything that is there at least in part, by the keys of weights."""
    there = _folders(root)
    found = {
        weights.key: presence(weights, root)
        for model in MODELS
        for weights in weights_of(model)
        if _may_be_there(weights, there)
    }
    return {key: one for key, one in found.items() if one.state != "absent"}


def presence(weights: Weights, root: Path) -> Presence:
    """As all of its repositories together: complete only if each is. What cannot be looked at is partial."""
    found = [_seen(repository, root) for repository in weights.repositories]
    if not found:
        return Presence("complete")
    states = {one.state for one in found}
    state = states.pop() if len(states) == 1 else "partial"
    return Presence(
        state,
        found[0].revision,
        sum(one.size_bytes for one in found),
        hash(tuple(one.fingerprint for one in found)),
    )


def find_folder(repository: Repository, root: Path) -> Path:
    """Where a repository lies: under its own name, else under one that people use, else where it belongs."""
    candidates = [root / name for name in (repository.folder, *repository.elsewhere)]
    return next((folder for folder in candidates if _is_folder(folder)), candidates[0])


def files_of(group: Sequence[str], names: Sequence[str]) -> list[str]:
    """What the first pattern that matches anything matches, in the order of the alphabet."""
    for pattern in group:
        if matching := sorted(name for name in names if fnmatchcase(name, pattern)):
            return matching
    return []


def find_files(group: Sequence[str], folder: Path) -> list[Path]:
    """The same, of the files in a folder."""
    return [folder / name for name in files_of(group, list(_files(folder)))]


def size_of(path: Path) -> int:
    """In bytes; 0 of what went away a moment ago."""
    status = _status(path)
    return status.st_size if status else 0


def read_small(path: Path, *, most_bytes: int) -> bytes:
    """Raises OSError for what is no file, as reading a pipe or a device may never end, and for what is longer."""
    if not path.is_file():
        raise FileNotFoundError(path)
    with path.open("rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(EFBIG, "longer than it can be", path)
    return content


def chosen(repository: Repository, names: Sequence[str]) -> tuple[str, ...]:
    """The files of a repository that are worth having; a name is in it once."""
    needed = [name for group in repository.needed for name in files_of(group, names)]
    extra = [name for pattern in repository.extra for name in names if fnmatchcase(name, pattern)]
    return tuple(dict.fromkeys([*needed, *extra]))


def read_note(folder: Path) -> dict[str, Any] | None:
    """`{"revision", "files": {name: {"size_bytes", …}}}`; None where nothing was downloaded whole."""
    try:
        note = json.loads(read_small(folder / NOTE, most_bytes=_NOTE_BYTES))
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


def _folders(root: Path) -> set[str]:
    try:
        return {path.name for path in root.iterdir() if _is_folder(path)}
    except OSError:
        return set()


def _is_folder(path: Path) -> bool:
    """Also where it may not be looked at: `Path.is_dir` would raise."""
    status = _any_status(path)
    return status is not None and S_ISDIR(status.st_mode)


def _seen(repository: Repository, root: Path) -> Presence:
    try:
        return _presence(find_folder(repository, root), repository)
    except Exception:  # one odd folder must not hide all others
        return Presence("partial")


def _presence(folder: Path, repository: Repository) -> Presence:
    files = _files(folder)
    if not files:
        return Presence("absent")
    note = read_note(folder)
    whole = _is_as_noted(files, note) if note else _looks_whole(files, repository)
    return Presence(
        "complete" if whole else "partial",
        _revision(note["revision"]) if note else _hub_revision(folder),
        sum(files[name].st_size for name in chosen(repository, list(files))),
        _fingerprint(files | ({NOTE: noted} if (noted := _status(folder / NOTE)) else {})),
    )


def _fingerprint(files: dict[str, os.stat_result]) -> int:
    return hash(frozenset((name, status.st_size, status.st_mtime_ns) for name, status in files.items()))


def _is_as_noted(files: dict[str, os.stat_result], note: dict[str, Any]) -> bool:
    return all(
        name in files and files[name].st_size == about["size_bytes"] for name, about in note["files"].items()
    )


def _looks_whole(files: dict[str, os.stat_result], repository: Repository) -> bool:
    unfinished = any(name.endswith((PART, ".incomplete")) for name in files)
    return not unfinished and all(files_of(group, list(files)) for group in repository.needed)


def _files(folder: Path) -> dict[str, os.stat_result]:
    """Every file below, by its path from there with `/`; of the hub's notes only what is unfinished."""
    # Unlike `Path.rglob` it goes on where a folder goes away or may not be looked into.
    paths = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    found = ((path.relative_to(folder).as_posix(), _status(path)) for path in paths)
    return {name: status for name, status in found if status is not None and _counts(name)}


def _status(path: Path) -> os.stat_result | None:
    """None for a folder, and for what was renamed a moment ago."""
    status = _any_status(path)
    return status if status and S_ISREG(status.st_mode) else None


def _any_status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _counts(name: str) -> bool:
    return name != NOTE and (not name.startswith(_HUB_NOTES) or name.endswith(".incomplete"))


def _hub_revision(folder: Path) -> str | None:
    """The commit that the hub's own tools noted beside each file."""
    for note in sorted((folder / _HUB_NOTES).glob("*.metadata")):
        with suppress(OSError, ValueError):
            text = read_small(note, most_bytes=_HUB_NOTE_BYTES).decode()
            return _revision(text.partition("\n")[0].strip())
    return None


def _revision(name: str) -> str | None:
    return name if _REVISION.fullmatch(name) else None
