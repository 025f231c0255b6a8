"""Players show the duration that a file states, or that they estimate from its bit rate."""

import io
import wave

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.decoding import by_pyav
from worker.encoding import FORMATS, open_encoder

RATE_HZ = 24_000
DURATION_S = 6.0


def speech_like() -> NDArray[np.float32]:
    """Syllables of two pitches with noise, and pauses: what a variable bit rate reacts to."""
    moments = np.arange(round(DURATION_S * RATE_HZ)) / RATE_HZ
    loudness = (np.sin(2 * np.pi * 0.7 * moments) > -0.3) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * moments))
    voice = np.sin(2 * np.pi * 170 * moments) + 0.5 * np.sin(2 * np.pi * 1200 * moments)
    noise = np.random.default_rng(0).standard_normal(len(moments))
    return (0.3 * loudness * (voice + 0.3 * noise)).astype(np.float32)


def encode(audio_format: str) -> bytes:
    file = io.BytesIO()
    encoder = open_encoder(audio_format, sample_rate_hz=RATE_HZ, out=file)
    encoder.write(speech_like())
    encoder.close()
    return file.getvalue()


@pytest.mark.parametrize("audio_format", ["wav", "flac", "mp3", "opus"])
def test_a_file_states_its_duration(audio_format: str) -> None:
    with av.open(io.BytesIO(encode(audio_format))) as container:
        assert container.duration is not None
        assert container.duration / 1e6 == pytest.approx(DURATION_S, rel=0.02)


@pytest.mark.parametrize("audio_format", FORMATS)
def test_the_decoded_sound_has_the_duration(audio_format: str) -> None:
    """AAC in ADTS and raw PCM state none."""
    samples, rate_hz = by_pyav(encode(audio_format), audio_format)
    assert len(samples) / rate_hz == pytest.approx(DURATION_S, rel=0.02)


def test_pythons_wave_module_reads_a_stored_wav() -> None:
    with wave.open(io.BytesIO(encode("wav"))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        assert file.getnframes() == DURATION_S * RATE_HZ
        assert len(file.readframes(file.getnframes())) == 2 * file.getnframes()
