"""The engine call that runs now, in memory that an engine process shares with its worker.

The worker reads it when the engine process is dead or does not answer. A message on the socket could be lost then.
"""

import mmap
import struct
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

# The number of the call, when it began (CLOCK_MONOTONIC, the same in all processes), its time limit, the number of
# request ids. The ids follow.
_HEAD = struct.Struct("=QddQ")
_ID_BYTES = 8
_MAX_IDS = 256
_SIZE = _HEAD.size + _ID_BYTES * _MAX_IDS


@dataclass(frozen=True, slots=True)
class RunningCall:
    """`number` counts calls and loads. `request_ids` are the segments that are being spoken."""

    number: int
    began_at: float
    timeout_s: float
    request_ids: tuple[int, ...]


class CallRecord:
    """One process writes, the other reads. `file` has no name and is inherited by the engine process."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self._memory = mmap.mmap(file.fileno(), _SIZE)
        self.number = 0

    @classmethod
    def create(cls) -> "CallRecord":
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        file.truncate(_SIZE)
        return cls(file)

    def begin(self, request_ids: Sequence[int], *, began_at: float, timeout_s: float) -> None:
        self.number += 1
        known = request_ids[:_MAX_IDS]
        # A reader that comes in between sees a call without requests.
        _HEAD.pack_into(self._memory, 0, self.number, began_at, timeout_s, 0)
        struct.pack_into(f"={len(known)}Q", self._memory, _HEAD.size, *known)
        _HEAD.pack_into(self._memory, 0, self.number, began_at, timeout_s, len(known))

    def end(self) -> None:
        _HEAD.pack_into(self._memory, 0, self.number, 0.0, 0.0, 0)

    def read(self) -> RunningCall | None:
        """Return the running call. None between calls."""
        number, began_at, timeout_s, count = _HEAD.unpack_from(self._memory)
        if not 0 < count <= _MAX_IDS:
            return None
        ids = struct.unpack_from(f"={count}Q", self._memory, _HEAD.size)
        return RunningCall(number, began_at, timeout_s, ids)

    def close(self) -> None:
        self._memory.close()
        self.file.close()
