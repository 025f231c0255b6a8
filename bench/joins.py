"""Clicks where segments of speech are joined, and the cost of mastering: `python -m bench.joins`.

Clicks are counted in three versions of the same speech of hibari: joined as in a job; joined as in a job with a click
added at each join, which shows that the detector works; and cut inside the vowels without a fade, where the steps of
the speech itself mask most clicks. The cost is that of trimming and mastering at four gains, up to one at which the
limiter is always active. Each time is the best of several rounds.
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
CLICK_SIZE = 0.02
GAINS_DB = (0.0, 6.0, 12.0, 18.0)
ROUNDS = 5
# Covers the silence that hibari adds at both ends, and some of the speech.
CUT_S = (0.45, 0.65)


def main() -> None:
    speeches, rate_hz = _speak_segments()
    gain = gain_db(find_voice("hibari_heart"))
    joined = master_speech(speeches, pauses_s=PAUSES_S, gain_db=gain, sample_rate_hz=rate_hz)
    with_clicks = add_clicks(joined, size=CLICK_SIZE, sample_rate_hz=rate_hz)
    versions = {
        "trimmed and mastered": joined,
        f"with an added click of {20 * np.log10(CLICK_SIZE):.0f} dBFS": with_clicks,
        "cut inside the speech, no fade": _join_without_fade(speeches, rate_hz=rate_hz),
    }
    show(
        "Clicks at joins",
        ("speech of hibari", "joins", "clicks found"),
        [
            (name, str(len(version.joins)), str(len(find_clicks(version, sample_rate_hz=rate_hz))))
            for name, version in versions.items()
        ],
    )
    _show_cost(speeches, rate_hz=rate_hz)


def _show_cost(speeches: list[NDArray[np.float32]], *, rate_hz: int) -> None:
    rows = []
    for gain in GAINS_DB:
        best_s, joined = math.inf, None
        for _ in range(ROUNDS):
            started = time.perf_counter()
            joined = master_speech(speeches, pauses_s=PAUSES_S, gain_db=gain, sample_rate_hz=rate_hz)
            best_s = min(best_s, time.perf_counter() - started)
        assert joined is not None
        measured = loudness(joined.samples, sample_rate_hz=rate_hz)
        rtf = best_s / (len(joined.samples) / rate_hz)
        rows.append(
            (
                f"{gain:.0f}",
                f"{measured.integrated_lufs:.1f}",
                f"{measured.true_peak_dbtp:.2f}",
                f"{rtf:.3%}",
            )
        )
    show("Trimming and mastering", ("gain dB", "LUFS", "true peak dBTP", "of real time"), rows)


def _speak_segments() -> tuple[list[NDArray[np.float32]], int]:
    """Return the samples of each segment and their rate in Hz."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create("hibari", settings_of(Path(folder)))
        engine.load()
        texts = islice(sentences(), SEGMENTS)
        speeches = [engine.speak([utterance(text, voice="heart")])[0] for text in texts]
        return [speech.samples for speech in speeches], speeches[0].sample_rate_hz


def _join_without_fade(speeches: list[NDArray[np.float32]], *, rate_hz: int) -> Joined:
    head, tail = (round(cut_s * rate_hz) for cut_s in CUT_S)
    inner = [samples[head:-tail] for samples in speeches]
    ends = np.cumsum([len(samples) for samples in inner])
    return Joined(np.concatenate(inner), tuple(int(end) for end in ends[:-1]))


if __name__ == "__main__":
    main()
