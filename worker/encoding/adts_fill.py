"""Fills AAC frames up to a constant bit rate.

ADTS states no duration. Players estimate it, and where to seek, from the bit rate of the first frames, so a variable
one misleads them: pauses take almost no bytes. Fill elements hold nothing, and decoders skip them (ISO/IEC 14496-3,
4.4.2.7).
"""

ADTS_HEADER_BYTES = 7

_FILL, _END = 0b110, 0b111
_ID_BITS, _COUNT_BITS, _LONG_COUNT_BITS = 3, 4, 8
_SHORT = _ID_BITS + _COUNT_BITS
_LONG = _SHORT + _LONG_COUNT_BITS
_ESCAPE = 15
_LARGEST_COUNT = _ESCAPE + 254


class ConstantBitRate:
    """Fills each frame such that all frames so far have `frame_bytes` on average, headers included."""

    def __init__(self, frame_bytes: float) -> None:
        self._frame_bytes = frame_bytes
        self._missing_bytes = 0.0

    @property
    def debt_frames(self) -> float:
        """How far the frames so far exceed the bit rate, in frames."""
        return max(0.0, -self._missing_bytes / self._frame_bytes)

    def fill(self, frame: bytes) -> bytes:
        """Return a frame without its ADTS header, longer by the bytes that are missing."""
        self._missing_bytes += self._frame_bytes - ADTS_HEADER_BYTES - len(frame)
        added = max(0, int(self._missing_bytes))
        self._missing_bytes -= added
        return _lengthen(frame, added) if added else frame


def _lengthen(frame: bytes, added: int) -> bytes:
    """Put fill elements before the end element, which is followed by zero bits up to a whole byte."""
    bits = int.from_bytes(frame, "big")
    padding = (bits & -bits).bit_length() - 1
    bits >>= padding
    if bits & _END != _END:
        raise ValueError("the AAC frame has no end element")
    bits >>= _ID_BITS
    free = padding + 8 * added
    while free >= _SHORT:
        count = min(_LARGEST_COUNT, (free - _LONG) // 8)
        if count >= _ESCAPE:
            bits = (bits << _SHORT | _FILL << _COUNT_BITS | _ESCAPE) << _LONG_COUNT_BITS | count - _ESCAPE + 1
            free -= _LONG + 8 * count
        else:
            count = min(_ESCAPE - 1, (free - _SHORT) // 8)
            bits = bits << _SHORT | _FILL << _COUNT_BITS | count
            free -= _SHORT + 8 * count
        bits <<= 8 * count
    return ((bits << _ID_BITS | _END) << free).to_bytes(len(frame) + added, "big")
