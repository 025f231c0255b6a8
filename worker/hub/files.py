"""The files of a repository as the hub lists them, and how to verify them."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from common.catalogue import Repository


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on the hub.

    `digest_kind` `sha256` is the hash of the content. `git_sha1` is git's name of the blob: the hash of the content
    with git's header in front.
    """

    name: str
    size_bytes: int
    digest_kind: Literal["sha256", "git_sha1"]
    digest: str

    def new_hash(self) -> Any:
        """Return a hash object whose hexdigest over the content must equal `digest`."""
        if self.digest_kind == "sha256":
            return hashlib.sha256()
        return hashlib.sha1(b"blob %d\0" % self.size_bytes, usedforsecurity=False)

    def manifest_entry(self) -> dict[str, int | str]:
        return {"size_bytes": self.size_bytes, self.digest_kind: self.digest}


@dataclass(frozen=True, slots=True)
class Listing:
    """The useful files of a repository at one commit."""

    repository: Repository
    commit: str
    files: tuple[RemoteFile, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)
