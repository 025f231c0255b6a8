"""Ids that sort by creation time, so that new rows are neighbours in an index."""

import secrets
import time


def new_id() -> str:
    """Return a UUID version 7 (RFC 9562): 48 bits of milliseconds, the rest random."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
