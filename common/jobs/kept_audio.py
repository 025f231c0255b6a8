"""Where the finished segments of a long job are in the store. The next attempt does not speak them again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from common.store import kept_audio_key


@dataclass(frozen=True, slots=True)
class KeptAudio:
    """`file_counts`: attempt to the number of its files, in the order of the attempts.

    `recipe` is the digest of everything that changes the sound. An attempt with another recipe uses none of the files.
    """

    recipe: str
    file_counts: Mapping[int, int]

    def keys(self, job_id: str) -> list[str]:
        """The keys of all files, in the order in which they were written."""
        return [
            kept_audio_key(job_id, attempt=attempt, number=number)
            for attempt, count in self.file_counts.items()
            for number in range(count)
        ]

    def with_files(self, *, attempt: int, count: int) -> "KeptAudio":
        return replace(self, file_counts={**self.file_counts, attempt: count})

    def as_row(self) -> dict[str, Any]:
        return {"recipe": self.recipe, "files": list(self.file_counts.items())} if self.file_counts else {}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "KeptAudio":
        return cls(row["recipe"], dict(row["files"])) if row else NOTHING_KEPT


NOTHING_KEPT = KeptAudio("", {})
