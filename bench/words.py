"""Words that listeners lose, and the cost of normalizing: `python -m bench words [--sentences 60]`.

A speech recognition model transcribes the same texts twice: spoken by the bare engine of hibari, and split, normalized,
trimmed and joined as in a job. The error rate is the number of inserted, deleted and substituted words per word of the
text. The long texts are spoken by the bare engine in one call.
"""

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from bench.table import show, spread
from bench.texts import long_texts, sentences
from common.catalogue import find_voice
from common.catalogue.loudness import gain_db
from tests.support.joins import master_speech
from tests.support.text_rates import load_cases
from tests.support.transcription import transcribe, word_error_rate, words
from tests.support.utterances import settings_of, utterance
from worker.engines import create
from worker.engines.protocol import Engine
from worker.sound.pauses import pause_after_s
from worker.text import split_text
from worker.text.normalization import normalize

LONG_TEXTS = 2
LONG_CHARS = 2000
COST_CHARS = 150
ROUNDS = 20


def main() -> None:
    options = _parser().parse_args(sys.argv[1:])
    short = list(islice(sentences(), options.sentences))
    long = list(islice(long_texts(LONG_CHARS), LONG_TEXTS))
    with tempfile.TemporaryDirectory() as folder:
        engine = create("hibari", settings_of(Path(folder)))
        engine.load()
        show(
            "Word error rate",
            ("texts", "words", "bare engine", "this service"),
            [
                _error_rates(f"{len(short)} sentences", short, engine=engine),
                _error_rates(f"{len(long)} long texts", long, engine=engine),
            ],
        )
    tables = {table: [case.input for case in load_cases(table)] for table in ("en", "fr")}
    show(
        f"CPU milliseconds to normalize {COST_CHARS} characters",
        ("texts", "median", "p90", "p99"),
        [
            _cost("sentences", short, language="en"),
            *(_cost(f"cases of {table}", _join(inputs), language=table) for table, inputs in tables.items()),
        ],
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench words", description=__doc__)
    parser.add_argument("--sentences", type=int, default=60)
    return parser


def _error_rates(label: str, texts: Sequence[str], *, engine: Engine) -> tuple[str, ...]:
    spoken = [
        (text, _speak_bare(text, engine=engine), _speak_as_a_job(text, engine=engine)) for text in texts
    ]
    counts = [len(words(text)) for text in texts]
    rates = [
        sum(
            count * word_error_rate(text, transcribe(recordings[version]))
            for count, (text, *recordings) in zip(counts, spoken, strict=True)
        )
        / sum(counts)
        for version in range(2)
    ]
    return label, str(sum(counts)), *(f"{rate:.2%}" for rate in rates)


def _speak_bare(text: str, *, engine: Engine) -> bytes:
    speech = engine.speak([utterance(text, voice="heart")])[0]
    return _to_wav(speech.samples, sample_rate_hz=speech.sample_rate_hz)


def _speak_as_a_job(text: str, *, engine: Engine) -> bytes:
    spans = split_text(text, language="en", max_chars=engine.max_chars)
    normalized = [normalize(span.text, language="en").text for span in spans]
    speeches = [engine.speak([utterance(segment, voice="heart")])[0] for segment in normalized]
    joined = master_speech(
        [speech.samples for speech in speeches],
        pauses_s=[
            pause_after_s(sentence_end=span.sentence_end, paragraph_end=span.paragraph_end, speed=1.0)
            for span in spans
        ],
        gain_db=gain_db(find_voice("hibari_heart")),
        sample_rate_hz=speeches[0].sample_rate_hz,
    )
    return _to_wav(joined.samples, sample_rate_hz=speeches[0].sample_rate_hz)


def _to_wav(samples: NDArray[np.float32], *, sample_rate_hz: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, sample_rate_hz, format="WAV")
    return file.getvalue()


def _join(inputs: Iterable[str]) -> list[str]:
    """Join short texts to texts of at least `COST_CHARS` characters, as a job normalizes them."""
    joined, text = list[str](), ""
    for written in inputs:
        text = f"{text} {written}".strip()
        if len(text) >= COST_CHARS:
            joined.append(text)
            text = ""
    return joined


def _cost(label: str, texts: Sequence[str], *, language: str) -> tuple[str, ...]:
    costs_ms = []
    for text in texts:
        normalize(text, language=language)
        started = time.process_time()
        for _ in range(ROUNDS):
            normalize(text, language=language)
        costs_ms.append((time.process_time() - started) / ROUNDS * 1000 * COST_CHARS / len(text))
    return label, *spread(costs_ms)
