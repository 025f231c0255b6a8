"""Opaque page cursors: where the last page ended, with a checksum that tells a tampered one."""

import base64
import binascii
import json
import math
from hashlib import blake2b

from common.db.keyset import Keyset
from common.errors import InvalidRequest

# No secret: every query names its owner anyway. It keeps a made-up cursor from reaching the database.
_KEY = b"oratio page cursor"
_CHECKSUM_BYTES = 8


def write_cursor(kind: str, keyset: Keyset) -> str:
    """`kind` names the list, so that the cursor of another one is refused."""
    body = json.dumps(keyset, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_checksum(kind, body) + body).decode().rstrip("=")


def read_cursor(kind: str, cursor: str | None) -> Keyset | None:
    """Raises InvalidRequest."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _invalid() from None
    checksum, body = raw[:_CHECKSUM_BYTES], raw[_CHECKSUM_BYTES:]
    if checksum != _checksum(kind, body):
        raise _invalid()
    try:
        created_at, key = json.loads(body)
    except (ValueError, TypeError):
        raise _invalid() from None
    if not (isinstance(created_at, float) and math.isfinite(created_at) and isinstance(key, str)):
        raise _invalid()
    return created_at, key


def _checksum(kind: str, body: bytes) -> bytes:
    return blake2b(body, key=_KEY, person=kind.encode(), digest_size=_CHECKSUM_BYTES).digest()


def _invalid() -> InvalidRequest:
    return InvalidRequest(
        "cursor is not one that this list gave; start without one, then pass each page's next_cursor.",
        code="invalid_cursor",
        param="cursor",
    )
