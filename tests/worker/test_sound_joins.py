"""Joins of real speech do not click, checked with a detector that finds added clicks."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.texts import sentences
from common.catalogue.loudness import MAX_GAIN_DB
from tests.support.joins import Joined, add_clicks, find_clicks, master_speech
from tests.support.loudness import loudness
from tests.support.utterances import settings_of, utterance
from worker.engines import create
from worker.sound.time_stretch import stretch

RATE_HZ = 24_000
SEGMENTS = 100  # each has a join before and after it
GAIN_DB = 8.0


@pytest.fixture(scope="module")
def speeches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[NDArray[np.float32]]]:
    engine = create("hibari", settings_of(tmp_path_factory.mktemp("models")))
    engine.load()
    texts = islice(sentences(), SEGMENTS)
    spoken = [engine.speak([utterance(text, voice="heart")])[0] for text in texts]
    assert {speech.sample_rate_hz for speech in spoken} == {RATE_HZ}
    yield [speech.samples for speech in spoken]
    engine.close()


@pytest.fixture(scope="module")
def sound(speeches: list[NDArray[np.float32]]) -> Joined:
    return master_speech(speeches, pauses_s=(0.08, 0.35, 0.75), gain_db=GAIN_DB, sample_rate_hz=RATE_HZ)


def test_joins_of_real_speech_do_not_click(sound: Joined) -> None:
    assert len(sound.joins) == 2 * SEGMENTS
    assert find_clicks(sound, sample_rate_hz=RATE_HZ) == []


@pytest.mark.parametrize("size", [0.02, 0.1, 0.5])
def test_added_clicks_are_found(sound: Joined, size: float) -> None:
    with_clicks = add_clicks(sound, size=size, sample_rate_hz=RATE_HZ)
    assert find_clicks(with_clicks, sample_rate_hz=RATE_HZ) == list(sound.joins)


@pytest.mark.parametrize("gain_db", [GAIN_DB, MAX_GAIN_DB])
def test_sibilants_of_real_speech_stay_below_the_ceiling(
    speeches: list[NDArray[np.float32]], gain_db: float
) -> None:
    """Sibilants are close to the Nyquist frequency, where the largest peaks are between the samples."""
    loud = master_speech(speeches[:30], pauses_s=(0.1,), gain_db=gain_db, sample_rate_hz=RATE_HZ)
    assert -1.6 < loudness(loud.samples, sample_rate_hz=RATE_HZ).true_peak_dbtp < -1.1


def test_joins_without_a_pause_do_not_click(speeches: list[NDArray[np.float32]]) -> None:
    close = master_speech(speeches[:30], pauses_s=(0.0,), gain_db=GAIN_DB, sample_rate_hz=RATE_HZ)
    assert find_clicks(close, sample_rate_hz=RATE_HZ) == []


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.3, 2.0])
def test_stretched_speech_does_not_click(speeches: list[NDArray[np.float32]], speed: float) -> None:
    stretched = [stretch(samples, sample_rate_hz=RATE_HZ, speed=speed) for samples in speeches[:20]]
    joined = master_speech(stretched, pauses_s=(0.08, 0.35), gain_db=GAIN_DB, sample_rate_hz=RATE_HZ)
    assert find_clicks(joined, sample_rate_hz=RATE_HZ) == []


def test_the_detector_seldom_finds_clicks_inside_speech(sound: Joined) -> None:
    audible = np.flatnonzero(np.abs(sound.samples) > 0.02)
    places = np.random.default_rng(0).choice(audible, 1000)
    within = Joined(sound.samples, tuple(int(place) for place in places))
    assert len(find_clicks(within, sample_rate_hz=RATE_HZ)) < 10
