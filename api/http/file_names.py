"""What a recording is called as a file: by its title, as far as any system can hold that."""

import re
import unicodedata
from urllib.parse import quote

_CHARS = 80
# Names may have 255 bytes, of which a number and an ending want some.
_BYTES = 200
# They part folders, drives, streams and commands; what stands around them is still told apart by a line.
_SEPARATORS = re.compile(r"[/\\|:\N{DIVISION SLASH}\N{FRACTION SLASH}]")
_FORBIDDEN = re.compile(r'[<>"?*]')
# Windows keeps these for devices, whatever follows their first dot.
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
# `attr-char` of RFC 5987 beyond letters, digits and what `quote` leaves anyway.
_UNQUOTED = "!#$&+^`|"


def file_stem(title: str) -> str | None:
    """Without an ending, of at most 80 characters; None where nothing is left of the title."""
    plain = " ".join(unicodedata.normalize("NFC", title).split())
    kept = "".join(one for one in plain if not unicodedata.category(one).startswith("C"))
    separated = _FORBIDDEN.sub("", _SEPARATORS.sub("-", kept))
    # In front, a dot hides the file and a line makes it an option; at the end Windows drops dots and spaces.
    stem = _truncate(separated.strip(" .-")).rstrip(" .-")
    if not any(unicodedata.category(one)[0] in "LNS" for one in stem):  # signs are pictures too
        return None
    return f"_{stem}" if _DEVICE.fullmatch(stem) else stem


def content_disposition(title: str, *, job_id: str, extension: str, download: bool) -> str:
    """`Content-Disposition` by RFC 6266: for clients of old by the id, for all others by the title."""
    kind = "attachment" if download else "inline"
    header = f'{kind}; filename="oratio-{job_id}.{extension}"'
    stem = file_stem(title)
    return header if stem is None else f"{header}; filename*=UTF-8''{quote(stem, safe=_UNQUOTED)}.{extension}"


def _truncate(text: str) -> str:
    """Of the characters that fit whole, all."""
    return text[:_CHARS].encode()[:_BYTES].decode(errors="ignore")
