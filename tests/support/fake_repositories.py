"""Fake repositories: commits of files. The large files are LFS objects."""

import hashlib
import random
from dataclasses import dataclass, field
from functools import cache

from common.catalogue import Repository, Weights

# Files of at least this size are LFS objects, as weights are on the hub.
LFS_FROM_BYTES = 10_000


@cache
def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content)).hexdigest()


@cache
def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def is_large(content: bytes) -> bool:
    return len(content) >= LFS_FROM_BYTES


def content_of(name: str, *, size_bytes: int) -> bytes:
    """Return pseudorandom bytes that are the same in every process."""
    return random.Random(name).randbytes(size_bytes)


@dataclass
class FakeRepository:
    """A repository with `commits` by hash, oldest first; `main` is the newest.

    `gated`: everybody can list the files, but a download needs a token. `private`: the repository is hidden without a
    token.
    """

    hub_id: str
    kind: str = "model"
    gated: bool = False
    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def main(self) -> str:
        return list(self.commits)[-1]

    def commit(self, files: dict[str, bytes], *, name: str | None = None) -> str:
        commit_hash = name or hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.commits[commit_hash] = files
        return commit_hash

    def files(self, revision: str) -> dict[str, bytes] | None:
        return self.commits.get(self.main if revision == "main" else revision)


def make_repository(
    repository: Repository, *, large_bytes: int = 50_000, gated: bool = False
) -> FakeRepository:
    """Return a repository with all files that the catalogue needs, and some that it does not, at its revision."""
    names = [group[0].replace("*", "one") for group in repository.needed]
    names += [pattern for pattern in repository.extra if "*" not in pattern]
    names += ["README.md", ".gitattributes", "pytorch_model.bin", "flax_model.msgpack", "runs/a/b.log"]
    fake = FakeRepository(repository.hub_id, kind=repository.kind, gated=gated)
    pinned = None if repository.revision == "main" else repository.revision
    files = {name: _content(name, repository.hub_id, large_bytes) for name in dict.fromkeys(names)}
    fake.commit(files, name=pinned)
    return fake


def make_repositories(weights: Weights, *, large_bytes: int = 50_000) -> list[FakeRepository]:
    return [make_repository(repository, large_bytes=large_bytes) for repository in weights.repositories]


def _content(name: str, hub_id: str, large_bytes: int) -> bytes:
    large = name.endswith((".safetensors", ".bin", ".onnx", ".zip", ".msgpack"))
    return content_of(f"{hub_id}/{name}", size_bytes=large_bytes if large else 300)
