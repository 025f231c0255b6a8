"""What is to be said and by whom, in order: a text's passages cut into segments."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from common.catalogue import Voice, find_voice
from common.jobs.lease import Claim
from common.markup import Passage, Script, read_script
from worker.text.language_detection import detect_language
from worker.text.splitting import iter_text_spans

_DENSE = frozenset({"zh", "ja", "ko", "yue"})
_LETTERS_A_CHARACTER = 3
# What a voice that is not known to speak any language is read to as, where the text doesn't tell.
_FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Cue:
    """A segment: characters [start, end) of the job's text, in the language it is read in. `passage` counts those that
    tags part, also of voices that are spoken elsewhere.

    `lead_s` is the silence that a tag asks for before it; None where the voice pauses as it would by itself.
    """

    index: int
    passage: int
    start: int
    end: int
    text: str
    voice: Voice
    language: str
    lead_s: float | None
    sentence_end: bool
    paragraph_end: bool


@dataclass(frozen=True, slots=True)
class Score:
    """What one worker says of a text. `tail_s`: the silence that a tag asks for after the last segment of all.

    `cues` come as the text is cut, so that the first is spoken before a long text is cut to its end.
    """

    cues: Iterator[Cue]
    tail_s: float


def compose(claim: Claim, *, max_chars: int) -> Score:
    """`max_chars`: the longest segment that the engine takes.

    Of a text with voices of several models, what those say that are spoken in the queue that it is in now.
    """
    script = read_script(claim.text)
    return Score(_cues(claim, script, max_chars=max_chars), script.tail_s)


def _cues(claim: Claim, script: Script, *, max_chars: int) -> Iterator[Cue]:
    voices = {voice_id: find_voice(voice_id, allow_fake=True) for voice_id in script.voice_ids}
    own = find_voice(claim.voice_id, allow_fake=True)
    guess = _Guess(claim.text)
    count = 0
    for number, passage in enumerate(script.passages):
        voice = voices[passage.voice_id] if passage.voice_id else own
        if claim.options.cast.get(voice.id, len(claim.takes)) != len(claim.takes):
            continue
        language = claim.language or spoken_language(voice, guess=guess.language)
        cut_up = _Passage(number, passage, voice, language)
        for cue in _cues_of(claim.text, cut_up, max_chars=max_chars, first_index=count):
            yield cue
            count = cue.index + 1


@dataclass(frozen=True, slots=True)
class _Passage:
    number: int
    place: Passage
    voice: Voice
    language: str


def _cues_of(text: str, passage: _Passage, *, max_chars: int, first_index: int) -> Iterator[Cue]:
    place = passage.place
    segments = iter_text_spans(
        text[place.start : place.end],
        language=passage.language,
        max_chars=_in_letters(max_chars, language=passage.language),
        first_max_chars=None if first_index else 160,
    )
    for segment in segments:
        yield Cue(
            index=first_index + segment.index,
            passage=passage.number,
            start=place.start + segment.start,
            end=place.start + segment.end,
            text=segment.text,
            voice=passage.voice,
            language=passage.language,
            lead_s=place.lead_s if segment.index == 0 else None,
            sentence_end=segment.sentence_end,
            paragraph_end=segment.paragraph_end,
        )


def spoken_language(voice: Voice, *, guess: Callable[[], str | None]) -> str:
    """The tag of the language that a voice reads a text in; `guess` is asked where the voice leaves a choice."""
    if len(voice.languages) == 1:
        return voice.languages[0]
    found = guess()
    if not voice.languages:
        return found or _FALLBACK
    return next((tag for tag in voice.languages if tag.partition("-")[0] == found), voice.languages[0])


class _Guess:
    """The language of a text, found out when it is first asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: tuple[str | None] | None = None

    def language(self) -> str | None:
        if self._found is None:
            found = detect_language(self._text)
            self._found = (found[0].partition("-")[0] if found else None,)
        return self._found[0]


def _in_letters(max_chars: int, *, language: str) -> int:
    """One character of Chinese, Japanese or Korean takes as long to say as a few letters."""
    dense = language.partition("-")[0].lower() in _DENSE
    return max(1, max_chars // _LETTERS_A_CHARACTER) if dense else max_chars
