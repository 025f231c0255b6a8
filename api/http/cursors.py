"""Opaque page cursors: the end of the last page, with a checksum against tampering."""

import base64
import binascii
import json
import math
from hashlib import blake2b

from common.db.keyset import Keyset
from common.errors import InvalidRequest

# Not a secret, since every query names its owner. It keeps invalid cursors from reaching the database.
_KEY = b"oratio page cursor"
_CHECKSUM_BYTES = 8


def write_cursor(kind: str, keyset: Keyset) -> str:
    """Encode a cursor. `kind` names the list, so that a cursor of another list is rejected."""
    body = json.dumps(keyset, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_checksum(kind, body) + body).decode().rstrip("=")


def read_cursor(kind: str, cursor: str | None) -> Keyset | None:
    """Decode a cursor. Raises InvalidRequest."""
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
        "cursor is not from this list. Start without a cursor, then pass the next_cursor of each page.",
        code="invalid_cursor",
        param="cursor",
    )
