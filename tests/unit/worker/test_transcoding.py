"""What a worker makes of a recording, to the sample; and how little memory it takes for that."""

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
from worker.ops.transcoding import limited

RATES_HZ = (16_000, 22_050, 24_000, 44_100)


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
    """Of a speaker's pitches: each moment is unlike every other, so that a shift is seen."""
    white = np.random.default_rng(1).standard_normal(round(duration_s * rate_hz))
    low = np.convolve(white, np.ones(24) / 24, "same")
    quiet: NDArray[np.float32] = (0.3 * low / np.abs(low).max()).astype(np.float32)
    return quiet


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("audio_format", MEDIA_TYPES)
def test_it_is_played_where_it_was_and_as_long_as_it_was(audio_format: str, rate_hz: int) -> None:
    sound = noise(3.1, rate_hz=rate_hz)
    duration_s = len(sound) / rate_hz
    heard, heard_hz = played(
        encoded(sound, audio_format, rate_hz=rate_hz), audio_format, duration_s=duration_s
    )
    assert len(heard) == round(duration_s * heard_hz)
    moments = np.arange(len(sound)) / rate_hz
    at_same_rate = np.interp(moments, np.arange(len(heard)) / heard_hz, heard)
    least = 0.99 if audio_format in ("wav", "flac", "pcm") else 0.9
    assert np.corrcoef(at_same_rate, sound)[0, 1] > least


def test_what_is_shorter_than_it_should_be_is_no_recording() -> None:
    for audio_format in ("wav", "flac", "mp3", "opus", "aac", "pcm"):
        file = encoded(noise(2, rate_hz=24_000), audio_format, rate_hz=24_000)
        with pytest.raises(ValueError, match="missing"):
            played(file, audio_format, duration_s=3)


@pytest.mark.parametrize("audio_format", [name for name in MEDIA_TYPES if name != "pcm"])
def test_what_is_no_such_file_is_told(audio_format: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        played(io.BytesIO(b"nothing like it " * 100), audio_format, duration_s=1)


def test_what_overshoots_is_held_below_full_scale_without_a_click() -> None:
    sound = 2.2 * tone(0.5, rate_hz=24_000)
    loud = np.concatenate([sound[:6000] / 4, sound[6000:]])
    held = np.concatenate(list(limited(iter([loud[:7000], loud[7000:]]), sample_rate_hz=24_000)))
    assert len(held) == len(loud)
    assert 0.95 < np.abs(held).max() <= 1.0
    # What was not too loud is what it was, but close to what was.
    assert np.abs(held[:5000] - loud[:5000]).max() < 1e-6
    # A clipped wave is flat at its top.
    assert np.sum(np.abs(held) > 0.9999) < 10


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
        before = most = anonymous_bytes()
        with open_playback(source, "mp3", duration_s=1200) as playback:
            encoder = open_encoder("wav", sample_rate_hz=24_000, out=target)
            for block in limited(playback.blocks, sample_rate_hz=24_000):
                encoder.write(block)
                most = max(most, anonymous_bytes())
            encoder.close()
        assert target.seek(0, io.SEEK_END) == 44 + 2 * 1200 * 24_000
    assert most - before < 30_000_000
