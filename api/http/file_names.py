"""File names of recordings, made from their titles so that any system accepts them."""

import re
import unicodedata
from urllib.parse import quote

# A title has at most so many characters.
_CHARS = 200
# File names may have 255 bytes. A number and an extension need some of them.
_BYTES = 235
# Separators of folders, drives, streams and commands. A hyphen replaces them, so that words stay apart.
_SEPARATORS = re.compile(r"[/\\|:\N{DIVISION SLASH}\N{FRACTION SLASH}]")
_FORBIDDEN = re.compile(r'[<>"?*]')
# Windows reserves these names for devices, with any extension.
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
# `attr-char` of RFC 5987, without letters, digits and other characters that `quote` always keeps.
_UNQUOTED = "!#$&+^`|"


def file_stem(title: str) -> str | None:
    """Return a name without extension, of at most 200 characters. None if nothing is left of the title."""
    plain = " ".join(unicodedata.normalize("NFC", title).split())
    kept = "".join(one for one in plain if not unicodedata.category(one).startswith("C"))
    separated = _FORBIDDEN.sub("", _SEPARATORS.sub("-", kept))
    # A leading dot hides the file and a leading hyphen makes it an option. Windows drops dots and spaces at the end.
    stem = _truncate(separated.strip(" .-…")).rstrip(" .-")
    if not any(unicodedata.category(one)[0] in "LNS" for one in stem):  # symbols include emoji
        return None
    return f"_{stem}" if _DEVICE.fullmatch(stem) else stem


def content_disposition(title: str, *, job_id: str, extension: str, download: bool) -> str:
    """Return `Content-Disposition` (RFC 6266): the id for old clients, the title for all others."""
    kind = "attachment" if download else "inline"
    header = f'{kind}; filename="oratio-{job_id}.{extension}"'
    stem = file_stem(title)
    return header if stem is None else f"{header}; filename*=UTF-8''{quote(stem, safe=_UNQUOTED)}.{extension}"


def _truncate(text: str) -> str:
    """Cut to the limits without splitting a character."""
    return text[:_CHARS].encode()[:_BYTES].decode(errors="ignore")
