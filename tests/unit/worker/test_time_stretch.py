import numpy as np
import pytest
from numpy.typing import NDArray

from worker.sound.time_stretch import split_speed, stretch

RATE_HZ = 24_000


def tone(duration_s: float, *, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * 220 * np.arange(round(duration_s * rate_hz)) / rate_hz)).astype(
        np.float32
    )


def pitch_hz(samples: NDArray[np.float32], *, rate_hz: int = RATE_HZ) -> float:
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 19))
    return float(spectrum.argmax() * rate_hz / (1 << 19))


@pytest.mark.parametrize("speed", [0.25, 0.5, 0.9, 1.01, 1.25, 2.0, 4.0])
def test_length_follows_the_speed_and_pitch_stays(speed: float) -> None:
    stretched = stretch(tone(4), sample_rate_hz=RATE_HZ, speed=speed)
    assert stretched.dtype == np.float32
    assert abs(len(stretched) - 4 * RATE_HZ / speed) < 1
    assert pitch_hz(stretched) == pytest.approx(220, rel=0.01)
    assert np.isfinite(stretched).all()


@pytest.mark.parametrize("speed", [0.25, 0.4, 2.0, 4.0])
def test_the_result_is_reproducible(speed: float) -> None:
    noise = np.random.default_rng(0).standard_normal(RATE_HZ).astype(np.float32)
    once, again = (stretch(noise, sample_rate_hz=RATE_HZ, speed=speed) for _ in range(2))
    np.testing.assert_array_equal(once, again)


@pytest.mark.parametrize("speed", [1.0, 1.0005, 0.9995])
def test_a_speed_of_one_returns_the_input(speed: float) -> None:
    samples = tone(0.5)
    assert stretch(samples, sample_rate_hz=RATE_HZ, speed=speed) is samples


@pytest.mark.parametrize("count", [0, 1, 10, 500, 3000])
def test_very_short_input_is_stretched(count: int) -> None:
    stretched = stretch(tone(1)[:count], sample_rate_hz=RATE_HZ, speed=2.0)
    assert abs(len(stretched) - count / 2) <= 1
    assert np.isfinite(stretched).all()


def test_long_input_is_split_without_a_seam() -> None:
    stretched = stretch(tone(130, rate_hz=8000), sample_rate_hz=8000, speed=1.5)
    assert len(stretched) == pytest.approx(130 * 8000 / 1.5, abs=3)  # rounding may add a sample per block
    assert pitch_hz(stretched[-8000 * 10 :], rate_hz=8000) == pytest.approx(220, rel=0.01)
    loudness = np.abs(stretched[: len(stretched) // 400 * 400]).reshape(-1, 400).max(axis=1)
    assert loudness.min() > 0.2
    assert loudness.max() < 0.8


def test_non_finite_samples_do_not_spread() -> None:
    samples = tone(1)
    samples[[5, 6, 7]] = np.nan, np.inf, -np.inf
    assert np.isfinite(stretch(samples, sample_rate_hz=RATE_HZ, speed=1.3)).all()


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_invalid_speeds_are_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        stretch(tone(0.1), sample_rate_hz=RATE_HZ, speed=speed)


@pytest.mark.parametrize(
    ("speed", "native", "engine_speed", "stretch_speed"),
    [
        (1.5, None, 1, 1.5),
        (1.5, (0.5, 2), 1.5, 1),
        (4, (0.5, 2), 2, 2),
        (0.25, (0.5, 2), 0.5, 0.5),
        (2, (1, 1), 1, 2),
    ],
)
def test_split_speed_uses_the_native_range_first(
    speed: float, native: tuple[float, float] | None, engine_speed: float, stretch_speed: float
) -> None:
    assert split_speed(speed, native=native) == pytest.approx((engine_speed, stretch_speed))
