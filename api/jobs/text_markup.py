"""The markup of a request's text: its voices, its languages, and warnings about it."""

from collections.abc import Iterator
from functools import lru_cache

from api.schemas.synthesis import SynthesisRequest
from common.markup import Markup, check_voices, has_markup, parse_input
from common.speakable_text import is_speakable

# The markup of a text without any. Most texts have none.
_PLAIN = Markup((), 0.0)


def markup_of(body: SynthesisRequest) -> Markup:
    """Return the spans, voices and warnings of a text; a plain text has none.

    Raises InvalidRequest for invalid markup.
    """
    if not has_markup(body.text, input_type=body.input_type):
        return _PLAIN
    return _parse(body.text, body.input_type)


@lru_cache(maxsize=4)
def _parse(text: str, input_type: str | None) -> Markup:
    """Cached: a request asks for its markup several times, and parsing a long text takes a tenth of a second."""
    return parse_input(text, input_type=input_type)


def has_speech(body: SynthesisRequest) -> bool:
    markup = markup_of(body)
    return bool(markup.spans) if markup is not _PLAIN else is_speakable(body.text)


def tagged_voice_ids(body: SynthesisRequest) -> tuple[str, ...]:
    """Return the voices that the markup names. Raises InvalidRequest."""
    voice_ids = markup_of(body).voice_ids
    check_voices(voice_ids)
    return voice_ids


def languages_of(body: SynthesisRequest, voice_id: str) -> Iterator[str]:
    """Yield the languages that the request names for a voice."""
    spans = markup_of(body).spans
    named = {
        span.language or body.language: None for span in spans if (span.voice_id or body.voice_id) == voice_id
    }
    yield from (language for language in (named if spans else (body.language,)) if language is not None)
