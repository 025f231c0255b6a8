"""Read files of the built studio: which may be served, and in which encoding."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers

from api.http.accept_headers import quality_values

INDEX = "index.html"
# The output folder of `make studio`. The setting frontend_dir can name another folder.
DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "frontend" / "dist"
# The error of a failed build. The page of the previous build stays beside it.
BUILD_ERROR = "build-error.txt"
_ERROR_BYTES = 16_000

# Each path segment starts with a letter, digit or underscore: no `..`, hidden files, backslashes or NUL.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*(/[A-Za-z0-9_][A-Za-z0-9_.@-]*)*")
# Compressed variants that the build writes beside each text file, best first.
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
    """`encoding` is empty for an uncompressed file."""

    content: bytes
    media_type: str
    encoding: str
    etag: str


def is_built(folder: Path) -> bool:
    return (folder / INDEX).is_file()


def is_default(folder: Path) -> bool:
    return folder.resolve() == DEFAULT_FOLDER.resolve()


def read_index(folder: Path) -> str | None:
    """Return the page, or None if it does not exist or cannot be read."""
    try:
        return (folder / INDEX).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def read_file(folder: Path, name: str, *, headers: Headers) -> StudioFile | None:
    """Return a file in the best encoding that the client accepts. None if it is missing or must not be served."""
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
    """Return the last lines of the error if the last build failed."""
    content = _read_inside(folder, BUILD_ERROR)
    return None if content is None else content[-_ERROR_BYTES:].decode("utf-8", "replace")


def etag_of(*content: bytes) -> str:
    return f'"{hashlib.sha256(b"".join(content)).hexdigest()[:32]}"'


def _read_inside(folder: Path, name: str) -> bytes | None:
    """Read a file unless a link leads outside the folder. The folder itself may be a link."""
    try:
        real = folder.resolve(strict=True)
        found = (real / name).resolve(strict=True)
        return found.read_bytes() if found.is_relative_to(real) and found.is_file() else None
    except (OSError, ValueError):
        return None
