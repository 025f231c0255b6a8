"""Validates `style`: a description of the speech for Parler-TTS, or tags for Bark."""

from common.catalogue.voices import Voice
from common.errors import InvalidRequest

# The tags in the README of suno-ai/bark.
BARK_SOUNDS = ("laughter", "laughs", "sighs", "music", "gasps", "clears throat", "man", "woman")
BARK_SINGING = ("♪", "singing", "sings")


def check_style(voice: Voice, style: str | None) -> None:
    """Raises InvalidRequest if the model does not support the style."""
    if style is not None and voice.model == "bark":
        bark_tags(style)


def bark_tags(style: str) -> tuple[str, ...]:
    """Parse `laughs, [MAN]` or `[laughs] [MAN]` to ("laughs", "man"). Singing is "♪". Raises InvalidRequest."""
    items = style.replace("]", ",").replace("[", ",").split(",")
    tags = [tag.strip().lower() for tag in items if tag.strip()]
    tag_of_name = {tag: "♪" if tag in BARK_SINGING else tag for tag in (*BARK_SOUNDS, *BARK_SINGING)}
    if unknown := [tag for tag in tags if tag not in tag_of_name]:
        raise InvalidRequest(
            f"Bark has no style {unknown[0][:40]!r}. Use one of: {', '.join((*BARK_SOUNDS, 'singing'))}.",
            code="invalid_style",
            param="style",
        )
    return tuple(dict.fromkeys(tag_of_name[tag] for tag in tags))
