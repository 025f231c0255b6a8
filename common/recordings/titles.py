"""The title that a recording gets from its text. Users may change it."""

TITLE_CHARS = 80


def title_of(text: str) -> str:
    words = " ".join(text[: 2 * TITLE_CHARS].split())
    return words if len(words) <= TITLE_CHARS else words[: TITLE_CHARS - 1].rstrip() + "…"
