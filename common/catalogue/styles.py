"""What `style` of a request may be: a description for Parler-TTS, sounds and manners for Bark."""

from common.catalogue.voices import Voice
from common.errors import InvalidRequest

# As the README of suno-ai/bark lists them, each with the words that mean it.
BARK_SOUNDS = ("laughter", "laughs", "sighs", "music", "gasps", "clears throat", "man", "woman")
BARK_SINGING = ("♪", "singing", "sings")


def check_style(voice: Voice, style: str | None) -> None:
    """Raises InvalidRequest for a style that the voice's model does not know."""
    if style is not None and voice.model == "bark":
        bark_tags(style)


def bark_tags(style: str) -> tuple[str, ...]:
    """`laughs, [MAN]` or `[laughs] [MAN]` as ("laughs", "man"); singing is "♪". Raises InvalidRequest."""
    items = style.replace("]", ",").replace("[", ",").split(",")
    tags = [tag.strip().lower() for tag in items if tag.strip()]
    tag_of_name = {tag: "♪" if tag in BARK_SINGING else tag for tag in (*BARK_SOUNDS, *BARK_SINGING)}
    if unknown := [tag for tag in tags if tag not in tag_of_name]:
        raise InvalidRequest(
            f"Bark has no style {unknown[0][:40]!r}; it knows: {', '.join((*BARK_SOUNDS, 'singing'))}.",
            code="invalid_style",
            param="style",
        )
    return tuple(dict.fromkeys(tag_of_name[tag] for tag in tags))
