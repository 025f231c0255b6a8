"""Voices put together: `af_heart(2)+af_sky(1)` is two parts of the one and one of the other."""

import re

from common.errors import InvalidRequest

MAX_VOICES = 8
_PART = re.compile(r"([a-z0-9_-]{1,64})(?:\((\d{1,3}(?:\.\d{1,3})?)\))?")


def parse_mix(expression: str) -> tuple[tuple[str, float], ...]:
    """(voice id, its share) of each part; the shares add up to 1. Raises InvalidRequest."""
    matches = [_PART.fullmatch(part) for part in expression.split("+")[: MAX_VOICES + 1]]
    shares = [(part[1], float(part[2] or 1)) for part in matches if part]
    total = sum(share for _, share in shares)
    if len(shares) < len(matches) or len(shares) > MAX_VOICES or total <= 0:
        raise InvalidRequest(
            "voice_id is the id of a voice (lower-case letters, digits, '_' and '-', at most 64), or a mix such as "
            f"af_heart(2)+af_sky(1) of at most {MAX_VOICES} voices.",
            code="invalid_voice_id",
            param="voice_id",
        )
    return tuple((name, share / total) for name, share in shares)
