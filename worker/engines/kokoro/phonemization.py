"""Turns a text into the phonemes that Kokoro was trained on, with espeak-ng in a child process.

Limits of espeak-ng 1.52:

- It reads Japanese in kana, without pitch accent. It does not know kanji: it replaces each by the English words
  "Chinese letter" and spells the kana around it one by one. A text with kanji is refused.
- It reads Mandarin without tones: it writes them as digits, which are not in the model's alphabet. Words that differ
  only in tone, such as "mother" and "horse", sound the same.
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

from common.logs import get_logger
from common.speakable_text import is_speakable
from worker.engines.kokoro.alignment import AlignedSpan, locate_words
from worker.engines.kokoro.languages import LANGUAGE_BY_PREFIX, primary_subtag
from worker.engines.phonemes import SILENT_SYMBOLS, filter_phonemes
from worker.engines.protocol import EngineError
from worker.engines.word_timings import word_spans
from worker.text.unicode_scripts import find_foreign_script

log = get_logger(__name__)

_SCRIPT = Path(__file__).with_name("espeak.py")
# espeak-ng needs 0.1 s for 300 characters, and 0.5 s to start.
_ANSWER_TIMEOUT_S = 30.0
_KANJI = re.compile("[\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# espeak-ng reads only the beginning of a longer number, so such a number is read digit by digit.
_LONG_NUMBER = re.compile(r"\d{31,}")
# The model does not know these punctuation marks, only the Latin ones.
_MARKS = str.maketrans({"、": ", ", "。": ". ", "，": ", ", "！": "! ", "：": ": ", "；": "; ", "？": "? "})  # noqa: RUF001
# The Japanese a. It is not in the model's alphabet, and the library drops it; the model learned it as a plain a.
_NEAREST = str.maketrans("ä", "a")


class Phonemizer:
    """Phonemizes texts with an espeak-ng process, and restarts the process after a text has crashed it.

    `alphabet` holds the symbols that the model knows. Not thread-safe. The constructor raises EngineError if espeak-ng
    does not start.
    """

    def __init__(self, alphabet: Container[str]) -> None:
        self._alphabet = alphabet
        self._espeak = _Espeak()

    @property
    def languages(self) -> frozenset[str]:
        return self._espeak.languages

    def phonemize(
        self, text: str, *, language: str, given: Sequence[tuple[int, int, str]] = ()
    ) -> "PhonemizedText":
        """Phonemize `text` in one of `languages`.

        `given` are (start, end, phonemes): characters [start, end) get these phonemes. Raises EngineError
        `unspeakable_text` if the text cannot be read.
        """
        filtered = [(start, end, filter_phonemes(one, alphabet=self._alphabet)) for start, end, one in given]
        spans = list(_split(len(text), [one for one in filtered if one[2]]))
        _require_readable(
            "".join(text[start:end] for start, end, known in spans if not known),
            language=language,
            is_whole_text=not any(known for _, _, known in spans),
        )
        phonemized = PhonemizedText(text, language)
        for start, end, known in spans:
            phonemized.add(
                start,
                end,
                known or self._phonemize_plain(text[start:end], language=language),
                is_given=bool(known),
            )
        if not any(map(str.isalpha, phonemized.phonemes)):
            raise _unspeakable_error("The model finds nothing in the text that it can say.")
        return phonemized

    def align_words(self, phonemized: "PhonemizedText") -> list[AlignedSpan]:
        """Return the words of the text whose phonemes can be located, in order."""
        return [word for span in phonemized.spans for word in self._align_span(span, phonemized)]

    def _align_span(self, span: "PhonemizedSpan", phonemized: "PhonemizedText") -> list[AlignedSpan]:
        whole = span.aligned
        if span.is_given:
            return [whole]
        text = phonemized.text[whole.start : whole.end]
        words = word_spans(text)
        located = locate_words(
            phonemized.phonemes_of(whole),
            words=self._phonemize_words(
                [text[start:end] for start, end in words], language=phonemized.language
            ),
        )
        offset = whole.phoneme_start
        return [
            AlignedSpan(whole.start + start, whole.start + end, offset + phonemes[0], offset + phonemes[1])
            for (start, end), phonemes in zip(words, located, strict=True)
            if phonemes is not None
        ]

    def _phonemize_words(self, words: Sequence[str], *, language: str) -> list[str]:
        """Phonemize each word on its own. Returns empty strings if espeak-ng does not answer word by word."""
        try:
            answers = self._ask_espeak(language, "\n".join(map(_prepare, words))).split("\n") if words else []
        except EngineError:
            answers = []
        if len(answers) != len(words):
            return [""] * len(words)
        return [self._filter(answer) for answer in answers]

    def _phonemize_plain(self, text: str, *, language: str) -> str:
        if not is_speakable(text):
            # Punctuation between two words with given phonemes. espeak-ng would speak the names of some marks.
            return "".join(
                symbol for symbol in text if symbol in SILENT_SYMBOLS and symbol in self._alphabet
            ).strip()
        return self._filter(self._ask_espeak(language, _prepare(text)))

    def _filter(self, phonemes: str) -> str:
        known = (
            symbol for symbol in phonemes.translate(_NEAREST) if symbol.isspace() or symbol in self._alphabet
        )
        return " ".join("".join(known).split())

    def close(self) -> None:
        self._espeak.end()

    def _ask_espeak(self, language: str, text: str) -> str:
        if self._espeak.ended:
            self._espeak = _Espeak()
        try:
            return str(self._espeak.ask(language, text))
        except (OSError, ValueError):
            # Not chained: the error may contain the text.
            self._espeak.end()
        log.warning("espeak-ng failed on a text", language=language, characters=len(text))
        raise _unspeakable_error("Something in the text cannot be read. Remove unusual words and symbols.")


@dataclass(frozen=True, slots=True)
class PhonemizedSpan:
    """A stretch of a text. `is_given`: the caller gave its phonemes; otherwise espeak-ng made them."""

    aligned: AlignedSpan
    is_given: bool


@dataclass(slots=True)
class PhonemizedText:
    """The phonemes of a text, and the stretch of the text that each of them belongs to."""

    text: str
    language: str
    phonemes: str = ""
    spans: list[PhonemizedSpan] = field(default_factory=list)

    def add(self, start: int, end: int, phonemes: str, *, is_given: bool) -> None:
        """Append the phonemes of the next stretch [start, end) of the text."""
        border = self.text[start - 1 : start + 1]
        if self.phonemes and phonemes and border.strip() != border:
            self.phonemes += " "
        first = len(self.phonemes)
        self.phonemes += phonemes
        self.spans.append(PhonemizedSpan(AlignedSpan(start, end, first, len(self.phonemes)), is_given))

    def phonemes_of(self, span: AlignedSpan) -> str:
        return self.phonemes[span.phoneme_start : span.phoneme_end]


class _Espeak:
    """The child process that runs `espeak.py`."""

    def __init__(self) -> None:
        # A crash leaves files behind, so the parent owns the folder.
        folder = tempfile.mkdtemp(prefix="oratio-espeak-")
        # -P: modules next to the script must not shadow packages. start_new_session: Ctrl-C in a terminal must not
        # reach this process, which ends with the worker anyway.
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
        """Send a question and return the answer. Raises OSError or ValueError if none comes."""
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        if not wait([self._process.stdout], _ANSWER_TIMEOUT_S):
            raise TimeoutError
        return json.loads(self._process.stdout.readline())


def _end(process: Any, folder: str) -> None:
    process.kill()
    process.wait()
    process.stdout.close()
    with suppress(OSError):  # closing flushes data that the dead process can no longer read
        process.stdin.close()
    shutil.rmtree(folder, ignore_errors=True)


def _split(length: int, given: Sequence[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, phonemes) that cover a text of `length` characters; "" where no phonemes are given."""
    at = 0
    for start, end, phonemes in given:
        if at <= start < end <= length:
            if at < start:
                yield at, start, ""
            yield start, end, phonemes
            at = end
    if at < length or not at:
        yield at, length, ""


def _prepare(text: str) -> str:
    return _LONG_NUMBER.sub(lambda number: " ".join(number[0]), text.translate(_MARKS))


def _require_readable(text: str, *, language: str, is_whole_text: bool) -> None:
    """Raise EngineError if espeak-ng cannot read `text`. `is_whole_text`: no other span has given phonemes."""
    if is_whole_text and not is_speakable(text):
        raise _unspeakable_error("The model finds nothing in the text that it can say.")
    if language in LANGUAGE_BY_PREFIX.values() and find_foreign_script(
        text, languages=[primary_subtag(language)]
    ):
        raise _unspeakable_error(
            "The text is in a script that the voice cannot read: choose a voice of its language."
        )
    if language == "ja" and _KANJI.search(text):
        raise _unspeakable_error(
            "Kokoro reads Japanese only in kana: write the kanji as kana, or choose another model."
        )


def _unspeakable_error(message: str) -> EngineError:
    return EngineError("unspeakable_text", message, caller_fault=True)
