"""Corrects the header of a WAV file that was written as a stream, before its length was known."""

import struct
from typing import IO

# The largest size that the header can hold. Readers take it as "until the end of the file".
_MAX_SIZE = 0xFFFF_FFFF
_RIFF_BYTES = 8


def fix_wav_sizes(file: IO[bytes]) -> None:
    """Write the final sizes into the header of a WAV file. Leaves other files unchanged."""
    size_bytes = file.seek(0, 2)
    file.seek(0)
    if file.read(4) != b"RIFF" or (at := _find_data_chunk(file, size_bytes)) is None:
        return
    _write_size(file, 4, size_bytes - _RIFF_BYTES)
    _write_size(file, at + 4, size_bytes - at - _RIFF_BYTES)


def _find_data_chunk(file: IO[bytes], size_bytes: int) -> int | None:
    """Return the offset in bytes of the chunk that holds the samples, or None."""
    at = 12
    while at + _RIFF_BYTES <= size_bytes:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(_RIFF_BYTES))
        if name == b"data":
            return at
        at += _RIFF_BYTES + length + length % 2
    return None


def _write_size(file: IO[bytes], at: int, size_bytes: int) -> None:
    file.seek(at)
    file.write(struct.pack("<I", min(size_bytes, _MAX_SIZE)))
