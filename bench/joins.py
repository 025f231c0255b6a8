"""Clicks where segments of speech are joined, and what mastering costs: `python -m bench.joins`.

Clicks are counted in hibari's speech, put together as a job's; in the same with a click planted at each join, to show
that the detector hears; and in the same cut into its vowels without a fade, where speech's own steps hide most of
them. The cost is of trimming and mastering with four gains, up to one that keeps the limiter at work; the best of
several rounds.
"""

import math
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.table import show
from bench.texts import sentences
from common.catalogue import find_voice
from common.catalogue.loudness import gain_db
from tests.support.joins import Joined, add_clicks, find_clicks, master_speech
from tests.support.loudness import loudness
from tests.support.utterances import settings_of, utterance
from worker.engines import create

SEGMENTS = 100
PAUSES_S = (0.08, 0.35, 0.75)
PLANTED = 0.02
GAINS_DB = (0.0, 6.0, 12.0, 18.0)
ROUNDS = 5
CUT_S = (0.45, 0.65)  # the silence that hibari puts before and after, and some speech more


def main() -> None:
    speeches, rate_hz = _spoken()
    gain = gain_db(find_voice("hibari_heart"))
    sound = master_speech(speeches, pauses_s=PAUSES_S, gain_db=gain, sample_rate_hz=rate_hz)
    rows = {
        "trimmed and mastered": sound,
        f"with a planted click of {20 * np.log10(PLANTED):.0f} dBFS": add_clicks(
            sound, size=PLANTED, sample_rate_hz=rate_hz
        ),
        "cut hard inside the speech": _cut_hard(speeches, rate_hz=rate_hz),
    }
    show(
        "Clicks at joins",
        ("speech of hibari", "joins", "clicks found"),
        [
            (name, str(len(made.joins)), str(len(find_clicks(made, sample_rate_hz=rate_hz))))
            for name, made in rows.items()
        ],
    )
    _show_cost(speeches, rate_hz=rate_hz)


def _show_cost(speeches: list[NDArray[np.float32]], *, rate_hz: int) -> None:
    rows = []
    for gain in GAINS_DB:
        best_s, sound = math.inf, None
        for _ in range(ROUNDS):
            began = time.perf_counter()
            sound = master_speech(speeches, pauses_s=PAUSES_S, gain_db=gain, sample_rate_hz=rate_hz)
            best_s = min(best_s, time.perf_counter() - began)
        assert sound is not None
        measured = loudness(sound.samples, sample_rate_hz=rate_hz)
        share = best_s / (len(sound.samples) / rate_hz)
        rows.append(
            (
                f"{gain:.0f}",
                f"{measured.integrated_lufs:.1f}",
                f"{measured.true_peak_dbtp:.2f}",
                f"{share:.3%}",
            )
        )
    show("Trimming and mastering", ("gain dB", "LUFS", "true peak dBTP", "of real time"), rows)


def _spoken() -> tuple[list[NDArray[np.float32]], int]:
    with tempfile.TemporaryDirectory() as folder:
        engine = create("hibari", settings_of(Path(folder)))
        engine.load()
        texts = islice(sentences(), SEGMENTS)
        speeches = [engine.speak([utterance(text, voice="heart")])[0] for text in texts]
        return [speech.samples for speech in speeches], speeches[0].sample_rate_hz


def _cut_hard(speeches: list[NDArray[np.float32]], *, rate_hz: int) -> Joined:
    head, tail = (round(cut_s * rate_hz) for cut_s in CUT_S)
    inner = [samples[head:-tail] for samples in speeches]
    ends = np.cumsum([len(samples) for samples in inner])
    return Joined(np.concatenate(inner), tuple(int(end) for end in ends[:-1]))


if __name__ == "__main__":
    main()
