"""The files of the built studio: which may be served, and in which of their encodings."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers

from api.http.accept_headers import quality_values

INDEX = "index.html"
# Where `make studio` puts it. A service may be told to look elsewhere.
DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "frontend" / "dist"
# Where a build that failed says why; a page that it did not replace stays beside it.
BUILD_ERROR = "build-error.txt"
_ERROR_BYTES = 16_000

# Each step begins with a letter, a digit or a line: no `..`, nothing hidden, no slash, backslash or NUL inside.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*(/[A-Za-z0-9_][A-Za-z0-9_.@-]*)*")
# What the build writes beside each text file, best first.
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wav": "audio/wav",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class StudioFile:
    """`encoding` is empty for the file as it is."""

    content: bytes
    media_type: str
    encoding: str
    etag: str


def is_built(folder: Path) -> bool:
    return (folder / INDEX).is_file()


def is_default(folder: Path) -> bool:
    return folder.resolve() == DEFAULT_FOLDER.resolve()


def read_index(folder: Path) -> str | None:
    """None when it is not there, or cannot be read."""
    try:
        return (folder / INDEX).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def read_file(folder: Path, name: str, *, headers: Headers) -> StudioFile | None:
    """None for what is not there and for what may not be served: whoever asks need not know which."""
    media_type = _MEDIA_TYPES.get(Path(name).suffix)
    if media_type is None or name == BUILD_ERROR or not _NAME.fullmatch(name):
        return None
    wanted = quality_values(headers.get("accept-encoding", ""))
    for encoding, suffix in (*_ENCODINGS, ("", "")):
        if not encoding or wanted.get(encoding, wanted.get("*", 0.0)) > 0:
            content = _read_inside(folder, name + suffix)
            if content is not None:
                return StudioFile(content, media_type, encoding, etag_of(content))
    return None


def read_build_error(folder: Path) -> str | None:
    """Its last lines, when the last build failed."""
    content = _read_inside(folder, BUILD_ERROR)
    return None if content is None else content[-_ERROR_BYTES:].decode("utf-8", "replace")


def etag_of(*content: bytes) -> str:
    return f'"{hashlib.sha256(b"".join(content)).hexdigest()[:32]}"'


def _read_inside(folder: Path, name: str) -> bytes | None:
    """A link that leads elsewhere is no file of the studio; the folder itself may be one."""
    try:
        real = folder.resolve(strict=True)
        found = (real / name).resolve(strict=True)
        return found.read_bytes() if found.is_relative_to(real) and found.is_file() else None
    except (OSError, ValueError):
        return None
