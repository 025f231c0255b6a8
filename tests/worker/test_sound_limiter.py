"""The ceiling, measured by FFmpeg's meter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.decoding import tone
from tests.support.loudness import loudness
from worker.sound.limiter import CEILING_DBTP, Limiter
from worker.sound.peaks import true_peaks

RATES_HZ = (8000, 16_000, 22_050, 24_000, 44_100, 48_000)
METER_DB = 0.1  # by which two estimates of what is between samples differ


def limited(
    *pieces: NDArray[np.float32], rate_hz: int, limiter: Limiter | None = None
) -> NDArray[np.float32]:
    limiter = limiter or Limiter(sample_rate_hz=rate_hz)
    return np.concatenate([*(limiter.push(piece) for piece in pieces), limiter.flush()])


def loud(duration_s: float, *, rate_hz: int, seed: int = 0) -> NDArray[np.float32]:
    """Noise of a voice's colour that swells and sinks, up to three times of what fits."""
    rng = np.random.default_rng(seed)
    count = round(duration_s * rate_hz)
    colour = np.convolve(rng.normal(size=count + 24), np.hanning(13) / 4, "same")[12:-12]
    swell = np.interp(np.arange(count), np.linspace(0, count, 40), rng.uniform(0, 2.5, 40))
    return (colour * swell).astype(np.float32)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_true_peak_stays_below_the_ceiling(rate_hz: int) -> None:
    sound = loud(5, rate_hz=rate_hz)
    assert loudness(sound, sample_rate_hz=rate_hz).true_peak_dbtp > 3
    peak = loudness(limited(sound, rate_hz=rate_hz), sample_rate_hz=rate_hz).true_peak_dbtp
    assert CEILING_DBTP - 0.3 < peak < CEILING_DBTP + METER_DB


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_peaks_between_samples_are_seen(rate_hz: int) -> None:
    """A tone at a quarter of the rate whose samples all lie 3 dB below its peaks."""
    count = np.arange(rate_hz)
    swell = np.minimum(1, 5 * (1 - np.abs(2 * count / rate_hz - 1)))
    sound = (swell * np.sin(np.pi / 2 * count + np.pi / 4)).astype(np.float32)
    assert np.abs(sound).max() == pytest.approx(0.7071, abs=1e-4)
    held = limited(sound, rate_hz=rate_hz)
    assert loudness(held, sample_rate_hz=rate_hz).true_peak_dbtp < CEILING_DBTP + METER_DB
    assert 20 * np.log10(np.abs(held[rate_hz // 4 : -rate_hz // 4]).max()) == pytest.approx(
        CEILING_DBTP - 3.01, abs=0.1
    )


@pytest.mark.parametrize("frequency", [0.01, 0.05, 0.13, 0.25, 0.35])
def test_the_estimate_is_close(frequency: float) -> None:
    sound = np.sin(2 * np.pi * frequency * np.arange(4000) + 0.3).astype(np.float32)
    highest = 20 * np.log10(true_peaks(sound)[100:-100].max())
    # At four times the rate the highest point may lie an eighth of a sample away.
    assert 20 * np.log10(np.cos(np.pi * frequency / 4)) - METER_DB < highest < METER_DB


@settings(max_examples=30, deadline=None)
@given(
    cuts=st.lists(st.integers(0, 48_000), max_size=40),
    seed=st.integers(0, 100),
    rate_hz=st.sampled_from(RATES_HZ),
)
def test_the_pieces_make_no_difference(cuts: list[int], seed: int, rate_hz: int) -> None:
    sound = loud(2, rate_hz=24_000, seed=seed)
    whole = limited(sound, rate_hz=rate_hz)
    np.testing.assert_array_equal(limited(*np.split(sound, sorted(cuts)), rate_hz=rate_hz), whole)
    assert len(whole) == len(sound)


def test_longer_than_a_block_and_sample_by_sample() -> None:
    sound = loud(4, rate_hz=48_000)
    whole = limited(sound, rate_hz=48_000)
    by_one = limited(*np.split(sound[:3000], 3000), sound[3000:], rate_hz=48_000)
    np.testing.assert_array_equal(by_one, whole)


def test_what_is_below_comes_out_bit_for_bit() -> None:
    for level in (0.01, 0.3, 0.8):
        sound = level / 0.5 * tone(2, rate_hz=24_000)
        np.testing.assert_array_equal(limited(sound, rate_hz=24_000), sound)


def test_bit_for_bit_again_after_a_peak() -> None:
    sound = np.concatenate(
        [0.4 * tone(1, rate_hz=24_000), loud(0.2, rate_hz=24_000), tone(3, rate_hz=24_000)]
    )
    held = limited(sound, rate_hz=24_000)
    assert not np.array_equal(held, sound)
    np.testing.assert_array_equal(held[:20_000], sound[:20_000])
    np.testing.assert_array_equal(held[-48_000:], sound[-48_000:])


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100])
def test_the_gain_moves_smoothly(rate_hz: int) -> None:
    """A burst of twice full scale in a soft tone: down within a few milliseconds, up over more, and no step."""
    sound = 0.2 * np.ones(rate_hz, dtype=np.float32)
    burst = slice(rate_hz // 2, rate_hz // 2 + rate_hz // 100)
    sound[burst] *= 10
    gain = limited(sound, rate_hz=rate_hz) / sound
    assert gain[burst].max() < 0.43
    assert np.abs(np.diff(gain)).max() < 0.7 / (0.002 * rate_hz)
    assert (gain[: burst.start - round(0.008 * rate_hz)] == 1).all()
    assert gain[burst.stop + round(0.05 * rate_hz)] < 0.8
    assert (gain[burst.stop + round(0.2 * rate_hz) :] == 1).all()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_it_looks_ahead_for_a_few_milliseconds(rate_hz: int) -> None:
    limiter = Limiter(sample_rate_hz=rate_hz)
    assert limiter.look_ahead / rate_hz < 0.008
    sound = loud(1, rate_hz=rate_hz)
    assert len(limiter.push(sound)) == len(sound) - limiter.look_ahead
