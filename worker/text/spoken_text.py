# ruff: noqa: RUF001 - phonemes look like other letters
"""The text of a span between tags as it is spoken, with the place of each character in the text of the job."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.markup import Run, VoiceSpan
from worker.text.normalization.mapped_text import MappedText
from worker.text.say_as import say_as

# IPA for American and British English in the alphabet of the engines that take phonemes, which writes some sounds of
# two letters as one: https://github.com/hexgrad/misaki/blob/main/EN_PHONES.md. Longer ones first.
_ENGLISH_SOUNDS = {
    "\u0361": "",
    "\u035c": "",
    "tʃ": "ʧ",
    "dʒ": "ʤ",
    "eɪ": "A",
    "aɪ": "I",
    "aʊ": "W",
    "ɔɪ": "Y",
    "oʊ": "O",
    "əʊ": "Q",
    "ɝː": "ɜɹ",
    "ɝ": "ɜɹ",
    "ɚ": "əɹ",
    "r": "ɹ",
    "'": "ˈ",
    ".": "",
}


@dataclass(frozen=True, slots=True)
class SpokenText:
    """`phonemes` are (start, end, phonemes): characters of the job's text with a fixed pronunciation."""

    mapped: MappedText
    phonemes: Sequence[tuple[int, int, str]] = ()

    @property
    def last_end(self) -> int:
        """The place after the last character that is not white space."""
        return self.mapped.ends[len(self.mapped.text.rstrip()) - 1]


def spoken_text(text: str, span: VoiceSpan, *, language: str) -> SpokenText:
    """Return what is spoken for a span of `text`."""
    if span.runs is None:
        places = range(span.start, span.end)
        return SpokenText(
            MappedText(text[span.start : span.end], places, range(span.start + 1, span.end + 1))
        )
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    phonemes: list[tuple[int, int, str]] = []
    for run in span.runs:
        words = (
            say_as(run.text, kind=run.say_as, form=run.say_as_format, language=language)
            if run.say_as
            else run.text
        )
        if run.phonemes:
            phonemes.append((run.start, run.end, _to_engine_alphabet(run.phonemes, language)))
        run_starts, run_ends = _places(run, words)
        pieces.append(words)
        starts += run_starts
        ends += run_ends
    return SpokenText(MappedText("".join(pieces), starts, ends), phonemes)


def _places(run: Run, words: str) -> tuple[Sequence[int], Sequence[int]]:
    if words == run.text and len(words) == run.end - run.start:
        return range(run.start, run.end), range(run.start + 1, run.end + 1)
    return [run.start] * len(words), [run.end] * len(words)


def _to_engine_alphabet(phonemes: str, language: str) -> str:
    if language.partition("-")[0].lower() != "en":
        return phonemes
    for sound, symbol in _ENGLISH_SOUNDS.items():
        phonemes = phonemes.replace(sound, symbol)
    return phonemes
