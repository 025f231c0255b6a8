"""hibari: English voices that run on a CPU. The package bundles one; the others are in the models folder."""

import re
import unicodedata
from collections.abc import Container, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from hibari import Hibari
from hibari.voices import DEFAULT, VOICES, voice_path
from numpy.typing import NDArray

from worker.engines.hibari.phonemization import InputSpan, PhonemeChunk, Phonemization, phonemize
from worker.engines.phonemes import SILENT_SYMBOLS, filter_phonemes
from worker.engines.protocol import EngineError, Speech, Utterance, Word
from worker.engines.samples import check_samples
from worker.engines.word_timings import align_words

# Words at the end of a sentence, which the library reads as "number", "figure" and "Sunday".
_FINAL_WORD = re.compile(r"\b(no|fig|(?<=[Tt]he )Sun)\.(?=[\"'”’)]*(?:$|\s+[\"'“‘(]*[A-Z]))")  # noqa: RUF001
# The library often reads the letter as the article, as in "the A one" and "from A to B". No article stands there.
_LETTER_A = re.compile(
    r"(?<![\w.'’-])A(?= (?:minus|plus|to|and|or|of|is|was|are|has|not|in|on|at|for|by|with)\b)"  # noqa: RUF001
    r"|(?<=[a-z] )A(?= (?:zero|one|two|three|four|five|six|seven|eight|nine|ten)\b(?!-))"
)
_LETTER_A_PHONEMES = "ˈA"  # noqa: RUF001
# The library has number words up to decillions: it reads 36 digits and raises IndexError for 37.
_LONG_NUMBER = re.compile(r"\d(?:,?\d){36,}")
# Memory of the first voice and of the grapheme-to-phoneme model (g2p).
_MEMORY_BYTES = 150_000_000


@dataclass(frozen=True, slots=True)
class _SynthesizedChunk:
    """The sound of one call of the model.

    `known` are the phonemes in the model's vocabulary, each with the index of its token. `durations`, in frames of
    equal length, are those of the leading silence, of each phoneme and of the trailing silence.
    """

    samples: NDArray[np.float32]
    known: Sequence[tuple[str, int]]
    durations: NDArray[np.float32] | None

    def timed_sounds(self) -> Iterator[tuple[int, float, float]]:
        """Yield (token index, start, end) of every audible phoneme; start and end are in samples."""
        if self.durations is None or len(self.durations) != len(self.known) + 2:
            return
        ends = np.cumsum(self.durations)
        edges = (ends * (len(self.samples) / ends[-1])).tolist()
        for (symbol, token_index), start, end in zip(self.known, edges, edges[1:], strict=False):
            if symbol not in SILENT_SYMBOLS:
                yield token_index, start, end


class HibariEngine:
    alias: str = "hibari"
    max_batch: int = 1
    max_chars: int = 300
    native_speed: tuple[float, float] | None = (0.5, 2.0)
    takes_phonemes: bool = True
    timeout_factor: float = 1.0
    pinned: bool = True

    def __init__(self, *, voices_dir: Path) -> None:
        self._voices_dir = voices_dir
        self._models: dict[str, Hibari] = {}
        self._g2p_by_accent: dict[bool, Any] = {}

    def load(self) -> None:
        # The first call of a session allocates memory, so it runs here and no job waits for it. The made-up word loads
        # the network for words outside the lexicon.
        self._model(DEFAULT)("Ready, zibberqua.", seed=0)

    def voices(self) -> tuple[str, ...]:
        return tuple(
            name for name in VOICES if find_voice_file(name, voices_dir=self._voices_dir) is not None
        )

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        return [self._speak(utterance) for utterance in batch]

    def memory_bytes(self) -> int:
        return _MEMORY_BYTES * max(1, len(self._models))

    def batch_key(self, utterance: Utterance) -> Hashable:
        return utterance.voice

    def close(self) -> None:
        self._models.clear()
        self._g2p_by_accent.clear()

    def _speak(self, utterance: Utterance) -> Speech:
        model = self._model(utterance.voice)
        phonemization = _phonemize(model, utterance)
        noise = np.random.default_rng(utterance.seed)
        calls = [
            _synthesize(model, chunk, speed=utterance.speed, noise=noise) for chunk in phonemization.chunks
        ]
        spoken = np.concatenate([call.samples for call in calls]) if calls else np.zeros(0, np.float32)
        speech = check_samples(spoken, sample_rate_hz=model.sample_rate)
        token_times = _token_times(phonemization, calls, sample_rate_hz=model.sample_rate)
        return replace(
            speech, words=align_words(utterance.text, normalized=phonemization.text, timings=token_times)
        )

    def _model(self, voice: str) -> Hibari:
        if voice not in self._models:
            self._models[voice] = self._load_model(voice)
        return self._models[voice]

    def _load_model(self, voice: str) -> Hibari:
        """Load a voice. Voices of one accent share a g2p, which takes most of the memory and of the load time."""
        path = find_voice_file(voice, voices_dir=self._voices_dir)
        if path is None:
            raise EngineError("engine_failed", "This voice is not on this worker: download it first.")
        british = VOICES[voice]["british"]
        try:
            model = Hibari(voice=voice, model=str(path), threads=1, g2p=self._g2p_by_accent.get(british))
        except Exception:
            message = f"The file {path.name} is not a model: delete it and download the voice again."
            raise EngineError("engine_failed", message) from None
        model.sess = _LowMemorySession(path)
        self._g2p_by_accent[british] = model.g2p
        return model


class _LowMemorySession:
    """The session of the library without its memory arena, which keeps as much as the longest sentence needed.

    For sentences of every length this is as fast and holds 25 MB less. `durations` are those of the last call, one per
    input id in frames of equal length; None if the graph has none.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        from worker.engines.onnx_graph import open_session

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        self._session, self._has_hidden_durations = open_session(path, options)
        self.durations: NDArray[np.float32] | None = None

    def run(self, names: list[str] | None, inputs: dict[str, Any]) -> list[Any]:
        outputs: list[Any] = self._session.run(names, inputs)
        if self._has_hidden_durations:
            self.durations = outputs.pop().ravel()
        return outputs


def find_voice_file(voice: str, *, voices_dir: Path) -> Path | None:
    """Return the path of a voice's model, or None if the file is missing or incomplete."""
    known = VOICES.get(voice)
    if known is None:
        return None
    path = Path(voice_path(voice)) if known.get("bundled") else voices_dir / known["file"]
    return path if path.is_file() and path.stat().st_size == known["bytes"] else None


def replace_unreadable_digits(text: str) -> str:
    """Rewrite what makes the library raise: superscript and circled digits, and numbers of more than 36 digits."""
    plain = "".join(_replace_digit(character) for character in text)
    return _LONG_NUMBER.sub(lambda number: " ".join(number[0].replace(",", "")), plain)


def _replace_digit(character: str) -> str:
    if not character.isdigit() or character.isdecimal():
        return character
    return f" {unicodedata.digit(character)} "


def _phonemize(model: Hibari, utterance: Utterance) -> Phonemization:
    spans = list(_split_input(utterance, alphabet=model.vocab))
    try:
        return phonemize(model, spans)
    except Exception:
        # Not chained: the library's error quotes the text, and tracebacks are logged.
        message = "This voice cannot read something in the text. Remove unusual symbols."
        raise EngineError("unspeakable_text", message, caller_fault=True) from None


def _split_input(utterance: Utterance, *, alphabet: Container[str]) -> Iterator[InputSpan]:
    at = 0
    for start, end, phonemes in utterance.phonemes:
        known = filter_phonemes(phonemes, alphabet=alphabet)
        # If the model knows none of the given phonemes, the word is read as it is written.
        if known and at <= start < end:
            yield from _split_letters(utterance.text[at:start])
            yield InputSpan(utterance.text[start:end], known)
            at = end
    yield from _split_letters(utterance.text[at:])


def _split_letters(text: str) -> Iterator[InputSpan]:
    at = 0
    for letter in _LETTER_A.finditer(text):
        if at < letter.start():
            yield InputSpan(_prepare(text[at : letter.start()]))
        yield InputSpan(letter[0], _LETTER_A_PHONEMES)
        at = letter.end()
    if at < len(text) or not at:
        yield InputSpan(_prepare(text[at:]))


def _prepare(text: str) -> str:
    # The library removes the space again, after it has expanded abbreviations.
    return _FINAL_WORD.sub(r"\1 .", replace_unreadable_digits(text))


def _synthesize(
    model: Hibari, chunk: PhonemeChunk, *, speed: float, noise: np.random.Generator
) -> _SynthesizedChunk:
    """Run the part of `Hibari.__call__` after phonemization, so that model errors are not mistaken for text errors."""
    samples = model.from_ids(model.ids(chunk.phonemes), speed, noise)
    known = [pair for pair in zip(chunk.phonemes, chunk.token_indexes, strict=True) if pair[0] in model.vocab]
    return _SynthesizedChunk(samples, known, model.sess.durations)


def _token_times(
    phonemization: Phonemization, calls: Sequence[_SynthesizedChunk], *, sample_rate_hz: int
) -> list[Word]:
    """Return the tokens that have an audible phoneme, as characters of the normalized text."""
    spans: dict[int, tuple[float, float]] = {}
    before = 0
    for call in calls:
        for token_index, start, end in call.timed_sounds():
            first = spans[token_index][0] if token_index in spans else (before + start) / sample_rate_hz
            spans[token_index] = first, (before + end) / sample_rate_hz
        before += len(call.samples)
    return [Word(*phonemization.token_spans[token_index], *span) for token_index, span in spans.items()]
