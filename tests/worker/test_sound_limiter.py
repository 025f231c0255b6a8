"""The limiter, checked with FFmpeg's true-peak meter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.decoding import tone
from tests.support.loudness import loudness
from worker.sound.limiter import CEILING_DBTP, Limiter
from worker.sound.peaks import BLOCK, REACH, find_peaks, true_peaks

RATES_HZ = (8000, 16_000, 22_050, 24_000, 44_100, 48_000)
METER_DB = 0.1  # two true-peak estimates may differ by this much


def limit(*pieces: NDArray[np.float32], rate_hz: int, limiter: Limiter | None = None) -> NDArray[np.float32]:
    limiter = limiter or Limiter(sample_rate_hz=rate_hz)
    return np.concatenate([*(limiter.push(piece) for piece in pieces), limiter.flush()])


def loud_noise(duration_s: float, *, rate_hz: int, seed: int = 0) -> NDArray[np.float32]:
    """Return noise with the spectrum of a voice and a varying level, up to three times full scale."""
    rng = np.random.default_rng(seed)
    count = round(duration_s * rate_hz)
    colour = np.convolve(rng.normal(size=count + 24), np.hanning(13) / 4, "same")[12:-12]
    swell = np.interp(np.arange(count), np.linspace(0, count, 40), rng.uniform(0, 2.5, 40))
    return (colour * swell).astype(np.float32)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_true_peak_stays_below_the_ceiling(rate_hz: int) -> None:
    sound = loud_noise(5, rate_hz=rate_hz)
    assert loudness(sound, sample_rate_hz=rate_hz).true_peak_dbtp > 3
    peak = loudness(limit(sound, rate_hz=rate_hz), sample_rate_hz=rate_hz).true_peak_dbtp
    assert CEILING_DBTP - 0.3 < peak < CEILING_DBTP + METER_DB


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_peaks_between_samples_are_limited(rate_hz: int) -> None:
    """The samples of a tone at a quarter of the rate are all 3 dB below its peaks."""
    count = np.arange(rate_hz)
    swell = np.minimum(1, 5 * (1 - np.abs(2 * count / rate_hz - 1)))
    sound = (swell * np.sin(np.pi / 2 * count + np.pi / 4)).astype(np.float32)
    assert np.abs(sound).max() == pytest.approx(0.7071, abs=1e-4)
    limited = limit(sound, rate_hz=rate_hz)
    assert loudness(limited, sample_rate_hz=rate_hz).true_peak_dbtp < CEILING_DBTP + METER_DB
    assert 20 * np.log10(np.abs(limited[rate_hz // 4 : -rate_hz // 4]).max()) == pytest.approx(
        CEILING_DBTP - 3.01, abs=0.1
    )


@pytest.mark.parametrize("frequency", [0.01, 0.05, 0.13, 0.25, 0.35])
def test_the_true_peak_estimate_is_close(frequency: float) -> None:
    sound = np.sin(2 * np.pi * frequency * np.arange(4000) + 0.3).astype(np.float32)
    highest = 20 * np.log10(true_peaks(sound)[100:-100].max())
    # With four times oversampling, the peak may be an eighth of a sample away from a point.
    assert 20 * np.log10(np.cos(np.pi * frequency / 4)) - METER_DB < highest < METER_DB


@settings(max_examples=60)
@given(
    seed=st.integers(0, 1000),
    count=st.integers(2 * REACH + 1, 2000),
    smoothing=st.sampled_from([1, 3, 9]),
    above=st.floats(0.1, 3),
)
def test_no_peak_is_overlooked(seed: int, count: int, smoothing: int, above: float) -> None:
    noise = np.random.default_rng(seed).normal(size=count)
    sound = np.convolve(noise, np.full(smoothing, 1 / smoothing), "same").astype(np.float32)
    numbers, peaks = find_peaks(sound, above=above)
    blocks = np.zeros((-(-(count - 2 * REACH) // BLOCK), BLOCK), dtype=np.float32)
    blocks[numbers] = peaks
    found = blocks.reshape(-1)[: count - 2 * REACH]
    expected = true_peaks(sound)
    np.testing.assert_array_equal(found[expected > above], expected[expected > above])


def test_peaks_are_computed_only_near_the_limit() -> None:
    sound = 1.2 * tone(1, rate_hz=24_000)  # a tone of 0.6
    assert not len(find_peaks(sound, above=0.84)[0])
    sound[12_000:12_050] *= 1.5
    assert 1 <= len(find_peaks(sound, above=0.84)[0]) <= 4


@settings(max_examples=30)
@given(
    cuts=st.lists(st.integers(0, 48_000), max_size=40),
    seed=st.integers(0, 100),
    rate_hz=st.sampled_from(RATES_HZ),
)
def test_the_output_does_not_depend_on_the_pieces(cuts: list[int], seed: int, rate_hz: int) -> None:
    sound = loud_noise(2, rate_hz=24_000, seed=seed)
    whole = limit(sound, rate_hz=rate_hz)
    np.testing.assert_array_equal(limit(*np.split(sound, sorted(cuts)), rate_hz=rate_hz), whole)
    assert len(whole) == len(sound)


def test_single_samples_and_long_input_give_the_same_output() -> None:
    sound = loud_noise(4, rate_hz=48_000)
    whole = limit(sound, rate_hz=48_000)
    by_one = limit(*np.split(sound[:3000], 3000), sound[3000:], rate_hz=48_000)
    np.testing.assert_array_equal(by_one, whole)


def test_sound_below_the_ceiling_is_unchanged() -> None:
    for level in (0.01, 0.3, 0.8):
        sound = level / 0.5 * tone(2, rate_hz=24_000)
        np.testing.assert_array_equal(limit(sound, rate_hz=24_000), sound)


def test_sound_is_unchanged_again_after_a_peak() -> None:
    sound = np.concatenate(
        [0.4 * tone(1, rate_hz=24_000), loud_noise(0.2, rate_hz=24_000), tone(3, rate_hz=24_000)]
    )
    limited = limit(sound, rate_hz=24_000)
    assert not np.array_equal(limited, sound)
    np.testing.assert_array_equal(limited[:20_000], sound[:20_000])
    np.testing.assert_array_equal(limited[-48_000:], sound[-48_000:])


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100])
def test_the_gain_changes_smoothly(rate_hz: int) -> None:
    """In a burst of twice full scale, the gain falls within milliseconds, rises more slowly and never jumps."""
    sound = 0.2 * np.ones(rate_hz, dtype=np.float32)
    burst = slice(rate_hz // 2, rate_hz // 2 + rate_hz // 100)
    sound[burst] *= 10
    gain = limit(sound, rate_hz=rate_hz) / sound
    assert gain[burst].max() < 0.43
    assert np.abs(np.diff(gain)).max() < 0.7 / (0.002 * rate_hz)
    assert (gain[: burst.start - round(0.008 * rate_hz)] == 1).all()
    assert gain[burst.stop + round(0.05 * rate_hz)] < 0.8
    assert (gain[burst.stop + round(0.2 * rate_hz) :] == 1).all()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_look_ahead_is_a_few_milliseconds(rate_hz: int) -> None:
    limiter = Limiter(sample_rate_hz=rate_hz)
    assert limiter.look_ahead / rate_hz < 0.008
    sound = loud_noise(1, rate_hz=rate_hz)
    assert len(limiter.push(sound)) == len(sound) - limiter.look_ahead
