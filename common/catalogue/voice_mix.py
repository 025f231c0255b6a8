"""Parses mixes of voices: `af_heart(2)+af_sky(1)` is two thirds af_heart and one third af_sky."""

import re

from common.errors import InvalidRequest

MAX_VOICES = 8
_PART = re.compile(r"([a-z0-9_-]{1,64})(?:\((\d{1,3}(?:\.\d{1,3})?)\))?")


def parse_mix(expression: str) -> tuple[tuple[str, float], ...]:
    """Return (voice id, share) pairs. The shares add up to 1. Raises InvalidRequest."""
    matches = [_PART.fullmatch(part) for part in expression.split("+")[: MAX_VOICES + 1]]
    shares = [(part[1], float(part[2] or 1)) for part in matches if part]
    total = sum(share for _, share in shares)
    if len(shares) < len(matches) or len(shares) > MAX_VOICES or total <= 0:
        raise InvalidRequest(
            "voice_id must be the id of a voice (at most 64 lower-case letters, digits, '_' and '-'), or a mix of at "
            f"most {MAX_VOICES} voices, such as af_heart(2)+af_sky(1).",
            code="invalid_voice_id",
            param="voice_id",
        )
    return tuple((name, share / total) for name, share in shares)
