"""The Info frame at the start of an MP3 file: how much silence the codec adds at both ends.

It is a frame without sound, which all players skip. Layout: G. Bouvigne, "MP3 Info Tag rev. 1"
(http://gabriel.mp3-tech.org/mp3infotag.html).
"""

import struct
from dataclasses import dataclass
from typing import IO

ENCODER_DELAY = 576  # samples that LAME adds before the sound

_PADDED = 0x02
_LONG_FRAME = 0x08  # MPEG-1, whose frames hold twice as many samples
_SIDE_INFO_BYTES, _LONG_SIDE_INFO_BYTES = 9, 17  # of mono frames
_HAS_FRAMES, _HAS_BYTES = 1, 2
_MARK = b"Info"
_HEADER_BYTES, _ID3_HEADER_BYTES = 4, 10
_CONSTANT_BIT_RATE = 1
# FFmpeg reads the delay only if the frame states the number of frames or bytes.
_UNKNOWN_BYTES = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Mp3Length:
    """`samples` are those of the sound, `audio_bytes` those of the frames that hold it."""

    samples: int
    audio_bytes: int


@dataclass(frozen=True, slots=True)
class Mp3Shape:
    """The frames of a mono file of a constant bit rate. `header` is the header of any of them."""

    header: bytes
    rate_hz: int
    kbps: int

    @property
    def frame_samples(self) -> int:
        return 1152 if self.header[1] & _LONG_FRAME else 576

    def info_frame(self, length: Mp3Length | None) -> bytes:
        """Return the frame for a file of this length, or for a stream whose length is not known yet."""
        header = bytes((*self.header[:2], self.header[2] & ~_PADDED, self.header[3]))
        size = self.frame_samples // 8 * self.kbps * 1000 // self.rate_hz
        known = header + bytes(_side_info_bytes(header)) + self._info(length, frame_bytes=size)
        return (known + struct.pack(">H", _crc_16(known))).ljust(size, b"\0")

    def _info(self, length: Mp3Length | None, *, frame_bytes: int) -> bytes:
        if length is None:
            padding, size = 0, _UNKNOWN_BYTES
            sizes = struct.pack(">II", _HAS_BYTES, size)
        else:
            frames = round(length.audio_bytes * 8 * self.rate_hz / (self.frame_samples * self.kbps * 1000))
            padding = frames * self.frame_samples - ENCODER_DELAY - length.samples
            size = frame_bytes + length.audio_bytes
            sizes = struct.pack(">III", _HAS_FRAMES | _HAS_BYTES, frames, size)
        return b"".join(
            (
                _MARK,
                sizes,
                struct.pack(">9sBB", b"LAME3.100", _CONSTANT_BIT_RATE, 0),
                bytes(8 + 1),  # gains, flags
                struct.pack(">B", self.kbps),
                (ENCODER_DELAY << 12 | padding).to_bytes(3, "big"),
                bytes(1 + 1 + 2),  # source, gain, preset
                struct.pack(">IH", size, 0),
            )
        )


def has_info_frame(file: IO[bytes]) -> bool:
    """Return whether an MP3 file begins with such a frame. Files of earlier releases have none.

    The position of the file stays the same.
    """
    position = file.tell()
    head = file.read(_ID3_HEADER_BYTES)
    skip = _ID3_HEADER_BYTES + _from_sync_safe(head[6:]) if head.startswith(b"ID3") else 0
    file.seek(position + skip)
    frame = file.read(_HEADER_BYTES + _LONG_SIDE_INFO_BYTES + len(_MARK))
    file.seek(position)
    return len(frame) > 1 and frame[_HEADER_BYTES + _side_info_bytes(frame) :].startswith(_MARK)


def _side_info_bytes(header: bytes) -> int:
    return _LONG_SIDE_INFO_BYTES if header[1] & _LONG_FRAME else _SIDE_INFO_BYTES


def _from_sync_safe(data: bytes) -> int:
    return sum(byte << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))


def _crc_16(data: bytes) -> int:
    """CRC-16 of the polynomial 0x8005, bits reversed."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc
