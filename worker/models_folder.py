"""What lies in the models folder: by our own notes on what was downloaded, else by the files that people put there."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from common.catalogue import Repository, Weights

State = Literal["absent", "partial", "complete"]

# Written when the last file of a download is there and was checked; what it lists must still be there.
NOTE = ".oratio.json"
PART = ".part"
# Where the hub's own tools keep what they know of a folder that they downloaded into.
_HUB_NOTES = ".cache/huggingface/download"
_STATES: tuple[State, ...] = ("absent", "partial", "complete")


@dataclass(frozen=True, slots=True)
class Presence:
    """`revision` is the commit of the first repository, where it is known; `size_bytes` of what is there."""

    state: State
    revision: str | None = None
    size_bytes: int = 0


def presence(weights: Weights, root: Path) -> Presence:
    """As all of its repositories together: complete only if each is."""
    found = [_presence(find_folder(repository, root), repository) for repository in weights.repositories]
    if not found:
        return Presence("complete")
    states = {one.state for one in found}
    state = states.pop() if len(states) == 1 else "partial"
    return Presence(state, found[0].revision, sum(one.size_bytes for one in found))


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
    return [folder / name for name in files_of(group, list(_sizes(folder)))]


def chosen(repository: Repository, names: Sequence[str]) -> tuple[str, ...]:
    """The files of a repository that are worth having; a name is in it once."""
    needed = [name for group in repository.needed for name in files_of(group, names)]
    extra = [name for pattern in repository.extra for name in names if fnmatchcase(name, pattern)]
    return tuple(dict.fromkeys([*needed, *extra]))


def read_note(folder: Path) -> dict[str, Any] | None:
    """`{"revision", "files": {name: {"size_bytes", …}}}`; None where nothing was downloaded whole."""
    try:
        note = json.loads((folder / NOTE).read_text())
        return note if isinstance(note["files"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _presence(folder: Path, repository: Repository) -> Presence:
    sizes = _sizes(folder)
    if not sizes:
        return Presence("absent")
    note = read_note(folder)
    names = chosen(repository, list(sizes))
    size_bytes = sum(sizes[name] for name in names)
    if note is not None:
        whole = all(sizes.get(name) == about["size_bytes"] for name, about in note["files"].items())
        return Presence("complete" if whole else "partial", note.get("revision"), size_bytes)
    missing = not all(files_of(group, list(sizes)) for group in repository.needed)
    unfinished = any(name.endswith((PART, ".incomplete")) for name in sizes)
    return Presence("partial" if missing or unfinished else "complete", _hub_revision(folder), size_bytes)


def _sizes(folder: Path) -> dict[str, int]:
    """Every file below, by its path from there with `/`; of the hub's notes only what is unfinished."""
    return {
        name: path.stat().st_size
        for path in _walk(folder)
        if (name := path.relative_to(folder).as_posix()) != NOTE
        and (not name.startswith(_HUB_NOTES) or name.endswith(".incomplete"))
    }


def _walk(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.rglob("*") if path.is_file())


def _hub_revision(folder: Path) -> str | None:
    """The commit that the hub's own tools noted beside each file."""
    for note in sorted((folder / _HUB_NOTES).glob("*.metadata")):
        first = note.read_text().partition("\n")[0].strip()
        return first or None
    return None
