"""Texts as the phonemes that Kokoro was trained on, by espeak-ng in a process beside the worker.

What espeak-ng 1.52 makes of languages that are not written as they are spoken:

- Japanese is read where it stands in kana, without the pitch of its words. Of kanji nothing is known: each becomes
  the English words "Chinese letter", and the kana around it are named one by one. Such a text is refused.
- Mandarin is read without its tones: they come as digits, for which the model has no signs. Words that differ by tone
  alone, as "mother" and "horse" do, become the same.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Container, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from common.speakable import speakable
from common.telemetry import get_logger
from worker.engines.kokoro.alignment import Place, places
from worker.engines.kokoro.languages import OWN, primary_subtag
from worker.engines.phonemes import MUTE, known_signs
from worker.engines.protocol import EngineError
from worker.engines.word_timings import word_spans
from worker.text.unicode_scripts import find_foreign_script

log = get_logger(__name__)

_SCRIPT = Path(__file__).with_name("espeak.py")
# Three hundred characters take it a tenth of a second, and its start half a second.
_PATIENCE_S = 30.0
_KANJI = re.compile("[\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# Of a longer number espeak-ng reads the beginning only; as single digits it reads all of it.
_TOO_LONG_A_NUMBER = re.compile(r"\d{31,}")
# espeak-ng pauses at these, but only of those of Latin scripts the model hears.
_MARKS = str.maketrans({"、": ", ", "。": ". ", "，": ", ", "！": "! ", "：": ": ", "；": "; ", "？": "? "})  # noqa: RUF001
# The Japanese a. The model has no sign for it and knows it as a plain one; the library drops it.
_NEAREST = str.maketrans("ä", "a")


class Speller:
    """Keeps a process of espeak-ng and starts it again when a text has killed it. Used by one thread at a time.

    `alphabet` are the signs that the model knows. Raises EngineError where espeak-ng does not start.
    """

    def __init__(self, alphabet: Container[str]) -> None:
        self._alphabet = alphabet
        self._espeak = _Espeak()

    @property
    def languages(self) -> frozenset[str]:
        return self._espeak.languages

    def spell(self, text: str, *, language: str, given: Sequence[tuple[int, int, str]] = ()) -> "Spelling":
        """`language` is one of `languages`; `given` are characters [start, end) with the phonemes that they're said as.

        Raises EngineError for a text that cannot be read.
        """
        said = [(start, end, known_signs(one, alphabet=self._alphabet)) for start, end, one in given]
        cuts = list(_cuts(len(text), [one for one in said if one[2]]))
        _require_readable(
            "".join(text[start:end] for start, end, known in cuts if not known),
            language=language,
            whole=not any(known for _, _, known in cuts),
        )
        spelling = Spelling(text, language)
        for start, end, known in cuts:
            spelling.add(
                start, end, known or self._plain(text[start:end], language=language), is_given=bool(known)
            )
        if not any(map(str.isalpha, spelling.phonemes)):
            raise _unspeakable("The model finds nothing in the text that it can say.")
        return spelling

    def places(self, spelling: "Spelling") -> list[Place]:
        """The words of the text of which it can be told where their phonemes are."""
        return [place for part in spelling.parts for place in self._places(part, spelling)]

    def _places(self, part: "Part", spelling: "Spelling") -> list[Place]:
        place = part.place
        if part.is_given:
            return [place]
        text = spelling.text[place.start : place.end]
        spans = word_spans(text)
        found = places(
            spelling.phonemes[place.first : place.last],
            words=self._alone([text[start:end] for start, end in spans], language=spelling.language),
        )
        return [
            Place(place.start + start, place.start + end, place.first + at[0], place.first + at[1])
            for (start, end), at in zip(spans, found, strict=True)
            if at is not None
        ]

    def _alone(self, words: Sequence[str], *, language: str) -> list[str]:
        """Each spelled by itself; nothing of all where they cannot be told apart."""
        try:
            spelled = self._asked(language, "\n".join(map(_prepared, words))).split("\n") if words else []
        except EngineError:
            spelled = []
        if len(spelled) != len(words):
            return [""] * len(words)
        return [self._known(word) for word in spelled]

    def _plain(self, text: str, *, language: str) -> str:
        if not speakable(text):
            # Between two words that are given: espeak-ng would name some marks.
            return "".join(sign for sign in text if sign in MUTE and sign in self._alphabet).strip()
        return self._known(self._asked(language, _prepared(text)))

    def _known(self, phonemes: str) -> str:
        known = (sign for sign in phonemes.translate(_NEAREST) if sign.isspace() or sign in self._alphabet)
        return " ".join("".join(known).split())

    def close(self) -> None:
        self._espeak.end()

    def _asked(self, language: str, text: str) -> str:
        if self._espeak.ended:
            self._espeak = _Espeak()
        try:
            return str(self._espeak.ask(language, text))
        except (OSError, ValueError):
            # Not chained: the error may hold the text.
            self._espeak.end()
        log.warning("espeak-ng failed on a text", language=language, characters=len(text))
        raise _unspeakable("Something in the text cannot be read; leave out unusual words and symbols.")


@dataclass(frozen=True, slots=True)
class Part:
    """Of a text, and whether its phonemes were given or are espeak-ng's."""

    place: Place
    is_given: bool


@dataclass(slots=True)
class Spelling:
    """The phonemes of a text, and of which part of it they are."""

    text: str
    language: str
    phonemes: str = ""
    parts: list[Part] = field(default_factory=list)

    def add(self, start: int, end: int, phonemes: str, *, is_given: bool) -> None:
        """The next characters of the text, said like this."""
        if (
            self.phonemes
            and phonemes
            and self.text[start - 1 : start + 1].strip() != self.text[start - 1 : start + 1]
        ):
            self.phonemes += " "
        first = len(self.phonemes)
        self.phonemes += phonemes
        self.parts.append(Part(Place(start, end, first, len(self.phonemes)), is_given))


class _Espeak:
    def __init__(self) -> None:
        # For what it leaves there when a text kills it.
        folder = tempfile.mkdtemp(prefix="oratio-espeak-")
        # -P: beside the script lie modules with the names of others' packages. A session of its own: Ctrl-C in a
        # terminal is for the worker, with which this one ends anyway.
        self._process: Any = subprocess.Popen(  # noqa: S603  # our own script
            [sys.executable, "-P", str(_SCRIPT), folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.end = weakref.finalize(self, _end, self._process, folder)
        try:
            self.languages = frozenset(self._answer())
        except (OSError, ValueError):
            self.end()
            message = "espeak-ng does not start on this worker: install the extra `kokoro` again."
            raise EngineError("engine_failed", message) from None

    @property
    def ended(self) -> bool:
        return not self.end.alive

    def ask(self, *question: str) -> Any:
        """Raises OSError or ValueError where no answer comes."""
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        if not wait([self._process.stdout], _PATIENCE_S):
            raise TimeoutError
        return json.loads(self._process.stdout.readline())


def _end(process: Any, folder: str) -> None:
    process.kill()
    process.wait()
    process.stdout.close()
    with suppress(OSError):  # for what was not sent before it died
        process.stdin.close()
    shutil.rmtree(folder, ignore_errors=True)


def _cuts(length: int, given: Sequence[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Characters [start, end) of a text from its start to its end, each with what is given for it, or nothing."""
    at = 0
    for start, end, phonemes in given:
        if at <= start < end <= length:
            if at < start:
                yield at, start, ""
            yield start, end, phonemes
            at = end
    if at < length or not at:
        yield at, length, ""


def _prepared(text: str) -> str:
    return _TOO_LONG_A_NUMBER.sub(lambda number: " ".join(number[0]), text.translate(_MARKS))


def _require_readable(text: str, *, language: str, whole: bool) -> None:
    """`whole`: there is nothing else to say than this text."""
    if whole and not speakable(text):
        raise _unspeakable("The model finds nothing in the text that it can say.")
    if language in OWN.values() and find_foreign_script(text, languages=[primary_subtag(language)]):
        raise _unspeakable(
            "The text is in a script that the voice cannot read: take a voice of its language."
        )
    if language == "ja" and _KANJI.search(text):
        raise _unspeakable(
            "Kokoro reads Japanese in kana only: write the kanji as kana, or take another model."
        )


def _unspeakable(message: str) -> EngineError:
    return EngineError("unspeakable_text", message, caller_fault=True)
