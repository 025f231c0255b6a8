"""How long a speaker rests between two segments."""

_CLAUSE_S, _SENTENCE_S, _PARAGRAPH_S = 0.08, 0.35, 0.75


def pause_after_s(*, sentence_end: bool, paragraph_end: bool, speed: float) -> float:
    """Seconds of silence between a trimmed segment and the next; behind the last one of a text there is none.

    The margins that `trim` leaves come to another tenth of a second. Who speaks faster rests shorter.
    """
    pause_s = _PARAGRAPH_S if paragraph_end else _SENTENCE_S if sentence_end else _CLAUSE_S
    return pause_s / speed
