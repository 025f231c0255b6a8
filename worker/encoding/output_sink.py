"""The file that an encoder writes to, with a callback for live listeners."""

from collections.abc import Callable
from io import SEEK_CUR, SEEK_END, SEEK_SET
from typing import IO


class OutputSink:
    """Writes to `spool`, which must be empty, and passes all appended bytes to `on_append`, in order.

    Bytes that overwrite existing ones go only to the spool, such as a header whose sizes are known at the end.
    `write` propagates exceptions of `on_append`. Nothing else may write to the spool.
    """

    def __init__(self, spool: IO[bytes], on_append: Callable[[bytes], None] | None = None) -> None:
        self._spool = spool
        self._on_append = on_append
        self._position = self._size = 0

    def write(self, data: bytes, /) -> int:
        if self._position > self._size:
            raise ValueError("an output sink cannot have gaps")
        self._spool.write(data)
        known = self._size - self._position
        self._position += len(data)
        self._size = max(self._size, self._position)
        if self._on_append is not None and len(data) > known:
            self._on_append(bytes(data[known:]))
        return len(data)

    def read(self, size: int = -1, /) -> bytes:
        data = self._spool.read(size)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        origin = {SEEK_SET: 0, SEEK_CUR: self._position, SEEK_END: self._size}[whence]
        self._position = self._spool.seek(origin + offset)
        return self._position

    def tell(self) -> int:
        return self._position
