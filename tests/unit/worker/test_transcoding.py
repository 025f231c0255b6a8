"""Playback and conversion of recordings: their timing to the sample, their peaks and their memory."""

import io
import tempfile
from typing import IO

import numpy as np
import pytest
from numpy.typing import NDArray

from common.formats import MEDIA_TYPES
from tests.support.decoding import tone
from tests.support.process_memory import anonymous_bytes
from worker.encoding import open_encoder, open_playback
from worker.ops.transcoding import limit_peaks

RATES_HZ = (16_000, 22_050, 24_000, 44_100)
MP3_INFO_BYTES = 192  # a frame of 64 kbit/s at 24 kHz


def encoded(samples: NDArray[np.float32], audio_format: str, *, rate_hz: int) -> io.BytesIO:
    out = io.BytesIO()
    encoder = open_encoder(audio_format, sample_rate_hz=rate_hz, out=out)
    encoder.write(samples)
    encoder.close()
    out.seek(0)
    return out


def played(file: IO[bytes], audio_format: str, *, duration_s: float) -> tuple[NDArray[np.float32], int]:
    with open_playback(file, audio_format, duration_s=duration_s) as playback:
        return np.concatenate(list(playback.blocks)), playback.sample_rate_hz


def noise(duration_s: float, *, rate_hz: int) -> NDArray[np.float32]:
    """Low-pass noise: no moment is like another, so that the correlation shows any shift."""
    white = np.random.default_rng(1).standard_normal(round(duration_s * rate_hz))
    low = np.convolve(white, np.ones(24) / 24, "same")
    quiet: NDArray[np.float32] = (0.3 * low / np.abs(low).max()).astype(np.float32)
    return quiet


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("audio_format", MEDIA_TYPES)
def test_playback_keeps_the_timing_and_the_duration(audio_format: str, rate_hz: int) -> None:
    samples = noise(3.1, rate_hz=rate_hz)
    duration_s = len(samples) / rate_hz
    decoded, decoded_hz = played(
        encoded(samples, audio_format, rate_hz=rate_hz), audio_format, duration_s=duration_s
    )
    assert len(decoded) == round(duration_s * decoded_hz)
    times_s = np.arange(len(samples)) / rate_hz
    at_same_rate = np.interp(times_s, np.arange(len(decoded)) / decoded_hz, decoded)
    min_correlation = 0.99 if audio_format in ("wav", "flac", "pcm") else 0.9
    assert np.corrcoef(at_same_rate, samples)[0, 1] > min_correlation


def test_playback_of_an_earlier_mp3_leaves_out_its_delay() -> None:
    samples = noise(3.1, rate_hz=24_000)
    new = encoded(samples, "mp3", rate_hz=24_000)
    earlier = io.BytesIO(new.getvalue()[MP3_INFO_BYTES:])
    expected, _ = played(new, "mp3", duration_s=3.1)
    decoded, _ = played(earlier, "mp3", duration_s=3.1)
    np.testing.assert_allclose(decoded[24:-24], expected[24:-24], atol=1e-3)


def test_a_truncated_recording_is_rejected() -> None:
    for audio_format in ("wav", "flac", "mp3", "opus", "aac", "pcm"):
        file = encoded(noise(2, rate_hz=24_000), audio_format, rate_hz=24_000)
        with pytest.raises(ValueError, match="missing"):
            played(file, audio_format, duration_s=3)


@pytest.mark.parametrize("audio_format", [name for name in MEDIA_TYPES if name != "pcm"])
def test_an_invalid_file_is_rejected(audio_format: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        played(io.BytesIO(b"not an audio file " * 100), audio_format, duration_s=1)


def test_overshoots_are_limited_without_clipping() -> None:
    samples = 2.2 * tone(0.5, rate_hz=24_000)
    loud = np.concatenate([samples[:6000] / 4, samples[6000:]])
    limited = np.concatenate(list(limit_peaks(iter([loud[:7000], loud[7000:]]), sample_rate_hz=24_000)))
    assert len(limited) == len(loud)
    assert 0.95 < np.abs(limited).max() <= 1.0
    # Samples that were not too loud stay the same, except close to those that were.
    assert np.abs(limited[:5000] - loud[:5000]).max() < 1e-6
    # A clipped wave would stay at full scale for many samples.
    assert np.sum(np.abs(limited) > 0.9999) < 10


@pytest.mark.slow
def test_memory_does_not_grow_with_the_recording() -> None:
    """Twenty minutes would be 115 MB as samples."""
    minute = noise(60, rate_hz=24_000)
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        encoder = open_encoder("mp3", sample_rate_hz=24_000, out=source)
        for _ in range(20):
            encoder.write(minute)
        encoder.close()
        source.seek(0)
        before = peak = anonymous_bytes()
        with open_playback(source, "mp3", duration_s=1200) as playback:
            encoder = open_encoder("wav", sample_rate_hz=24_000, out=target)
            for block in limit_peaks(playback.blocks, sample_rate_hz=24_000):
                encoder.write(block)
                peak = max(peak, anonymous_bytes())
            encoder.close()
        assert target.seek(0, io.SEEK_END) == 44 + 2 * 1200 * 24_000
    assert peak - before < 30_000_000
