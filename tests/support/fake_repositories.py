"""Repositories as the hub keeps them: commits of files, some in git and the large ones beside it."""

import hashlib
import random
from dataclasses import dataclass, field
from functools import cache

from common.catalogue import Repository, Weights

# Files of at least this size are kept as LFS objects, as weights are.
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
    """Bytes that are the same in every process."""
    return random.Random(name).randbytes(size_bytes)


@dataclass
class FakeRepository:
    """`commits` by their name, oldest first; `main` is the newest.

    Of a gated one everybody sees the list of files, but the files only with a token; a private one is not there.
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
        made = name or hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.commits[made] = files
        return made

    def files(self, revision: str) -> dict[str, bytes] | None:
        return self.commits.get(self.main if revision == "main" else revision)


def small_one(repository: Repository, *, large_bytes: int = 50_000, gated: bool = False) -> FakeRepository:
    """With files named as the catalogue needs them, and others that nobody needs, at the commit it names."""
    names = [group[0].replace("*", "one") for group in repository.needed]
    names += [pattern for pattern in repository.extra if "*" not in pattern]
    names += ["README.md", ".gitattributes", "pytorch_model.bin", "flax_model.msgpack", "runs/a/b.log"]
    made = FakeRepository(repository.hub_id, kind=repository.kind, gated=gated)
    pinned = None if repository.revision == "main" else repository.revision
    files = {name: _content(name, repository.hub_id, large_bytes) for name in dict.fromkeys(names)}
    made.commit(files, name=pinned)
    return made


def small_ones(weights: Weights, *, large_bytes: int = 50_000) -> list[FakeRepository]:
    return [small_one(repository, large_bytes=large_bytes) for repository in weights.repositories]


def _content(name: str, hub_id: str, large_bytes: int) -> bytes:
    large = name.endswith((".safetensors", ".bin", ".onnx", ".zip", ".msgpack"))
    return content_of(f"{hub_id}/{name}", size_bytes=large_bytes if large else 300)
