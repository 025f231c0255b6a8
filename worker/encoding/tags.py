"""Tags in audio files. They are in the first bytes, so that live listeners get the same file as others."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

# ID3v2.4 (https://id3.org/id3v2.4.0-structure): the frames of title, artist and date, as UTF-8.
_ID3_FRAMES = {"title": b"TIT2", "artist": b"TPE1", "date": b"TDRC"}
_UTF_8 = b"\x03"
_NO_FLAGS = b"\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """`date` is a day in ISO 8601. Empty tags are left out."""

    title: str = ""
    artist: str = ""
    date: str = ""

    @classmethod
    def of(cls, *, title: str, artist: str, created_at: float) -> "Tags":
        """`created_at` is in UTC epoch seconds."""
        return cls(
            title=_printable(title),
            artist=_printable(artist),
            date=datetime.fromtimestamp(created_at, UTC).date().isoformat(),
        )

    def items(self) -> Iterator[tuple[str, str]]:
        values = (("title", self.title), ("artist", self.artist), ("date", self.date))
        yield from ((name, value) for name, value in values if value)


NO_TAGS = Tags()


def id3_header(tags: Tags) -> bytes:
    """Return an ID3v2.4 header for the start of an MP3 file. Empty without tags."""
    frames = b"".join(_id3_frame(_ID3_FRAMES[name], value) for name, value in tags.items())
    return b"ID3\x04\x00" + _NO_FLAGS + _sync_safe(len(frames)) + frames if frames else b""


def _id3_frame(name: bytes, value: str) -> bytes:
    content = _UTF_8 + value.encode()
    return name + _sync_safe(len(content)) + 2 * _NO_FLAGS + content


def _sync_safe(size: int) -> bytes:
    """Return a size in four bytes of seven bits, which cannot be mistaken for the start of an MP3 frame."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def _printable(text: str) -> str:
    """Without control characters and half surrogate pairs, which no file can hold."""
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cs"))
