"""The pause between two segments."""

_CLAUSE_S, _SENTENCE_S, _PARAGRAPH_S = 0.08, 0.35, 0.75


def pause_after_s(*, sentence_end: bool, paragraph_end: bool, speed: float) -> float:
    """Return the seconds of silence between a trimmed segment and the next. There is none after the last segment.

    The margins that `trim` leaves add about 0.1 s. Faster speech has shorter pauses.
    """
    pause_s = _PARAGRAPH_S if paragraph_end else _SENTENCE_S if sentence_end else _CLAUSE_S
    return pause_s / speed
