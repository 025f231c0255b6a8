import io
import tempfile
import tracemalloc
from typing import BinaryIO, cast

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from common.formats import MEDIA_TYPES
from tests.support import decoding
from tests.support.decoding import by_pyav
from worker.encoding import CODEC_DELAY, FORMATS, available_formats, decode, encoder, open_encoder
from worker.encoding.pcm import to_int16
from worker.encoding.resampling import Resampler, allowed_rate

RATE_HZ = 24_000
LOSSLESS = ("wav", "flac")
WITH_HEADER = tuple(name for name in FORMATS if name != "pcm")


def tone(duration_s: float, *, rate_hz: int = RATE_HZ, pitch_hz: float = 220) -> NDArray[np.float32]:
    return decoding.tone(duration_s, rate_hz=rate_hz, pitch_hz=pitch_hz)


def encode(audio_format: str, *pieces: NDArray[np.float32], rate_hz: int = RATE_HZ) -> bytes:
    with tempfile.SpooledTemporaryFile(max_size=10_000) as file:
        encoder = open_encoder(audio_format, sample_rate_hz=rate_hz, out=cast(BinaryIO, file))
        for piece in pieces:
            encoder.write(piece)
        encoder.close()
        encoder.close()
        assert not file.closed
        file.seek(0)
        return file.read()


def test_every_format_has_a_media_type() -> None:
    assert set(FORMATS) == set(MEDIA_TYPES) == {"wav", "flac", "mp3", "opus", "aac", "pcm"}
    assert available_formats() == FORMATS


# --- files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 24000, 44100, 48000, 96000])
@pytest.mark.parametrize("audio_format", FORMATS)
def test_another_decoder_gives_the_same_sound(audio_format: str, rate_hz: int) -> None:
    samples, rate = by_pyav(encode(audio_format, tone(2, rate_hz=rate_hz), rate_hz=rate_hz), audio_format)
    assert len(samples) == CODEC_DELAY[audio_format].decoded(2 * rate, rate_hz=rate)
    middle = samples[rate // 2 : rate * 3 // 2]
    assert np.abs(middle).max() == pytest.approx(0.5, rel=0.15)
    spectrum = np.abs(np.fft.rfft(middle))
    assert spectrum.argmax() * rate / len(middle) == pytest.approx(220, abs=2)


@pytest.mark.parametrize("rate_hz", [24000, 44100])  # Opus resamples 44.1 kHz
@pytest.mark.parametrize("audio_format", FORMATS)
def test_many_small_writes_equal_a_large_one(audio_format: str, rate_hz: int) -> None:
    samples = tone(1.5, rate_hz=rate_hz)
    small = encode(audio_format, *np.array_split(samples, 131), rate_hz=rate_hz)
    big = encode(audio_format, samples, rate_hz=rate_hz)
    np.testing.assert_array_equal(by_pyav(small, audio_format)[0], by_pyav(big, audio_format)[0])


@pytest.mark.parametrize("audio_format", FORMATS)
def test_one_header_and_no_gap_between_segments(audio_format: str) -> None:
    data = encode(audio_format, *[tone(1)] * 3)  # 220 whole periods each, which join smoothly
    samples, rate = by_pyav(data, audio_format)
    loudness = np.abs(samples[rate // 2 : rate * 5 // 2 // 240 * 240]).reshape(-1, rate // 100).max(axis=1)
    assert loudness.min() > 0.35


@pytest.mark.parametrize("audio_format", LOSSLESS)
def test_lossless_formats_keep_every_bit(audio_format: str) -> None:
    pcm = np.random.default_rng(0).integers(-32768, 32768, RATE_HZ).astype(np.int16)
    data = encode(audio_format, (pcm / 32768).astype(np.float32))
    read, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == RATE_HZ
    np.testing.assert_array_equal(read, pcm)


def test_wav_names_its_real_size() -> None:
    data = encode("wav", tone(1), tone(1))
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert data[36:40] == b"data"
    assert int.from_bytes(data[40:44], "little") == len(data) - 44 == 2 * 2 * RATE_HZ


@pytest.mark.parametrize("audio_format", FORMATS)
def test_samples_out_of_range_are_clipped(audio_format: str) -> None:
    loud = np.repeat(np.float32([1.5, -1.5]), 120)  # a square wave of 100 Hz
    samples, _ = by_pyav(encode(audio_format, np.tile(loud, 100)), audio_format)
    clipped, _ = by_pyav(encode(audio_format, np.tile(np.clip(loud, -1, 1), 100)), audio_format)
    np.testing.assert_allclose(samples, clipped, atol=1e-3)


@pytest.mark.parametrize("audio_format", FORMATS)
def test_a_file_without_samples_is_short_silence(audio_format: str) -> None:
    samples, rate = by_pyav(encode(audio_format, np.zeros(0, dtype=np.float32)), audio_format)
    assert len(samples) / rate < 0.3
    assert np.abs(samples).max() < 1e-3


def test_a_long_write_uses_little_memory() -> None:
    minutes = np.zeros(10 * 60 * RATE_HZ, dtype=np.float32)
    with tempfile.TemporaryFile() as file:
        writer = open_encoder("flac", sample_rate_hz=RATE_HZ, out=cast(BinaryIO, file))
        tracemalloc.start()
        writer.write(minutes)
        writer.close()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2_000_000


class FullDisk(io.BytesIO):
    def write(self, data: object) -> int:
        if self.tell() > 2000:
            raise OSError(28, "No space left on device")
        return super().write(cast(bytes, data))


@pytest.mark.parametrize("audio_format", FORMATS)
def test_a_full_disk_is_an_error(audio_format: str) -> None:
    encoder = open_encoder(audio_format, sample_rate_hz=RATE_HZ, out=FullDisk())
    with pytest.raises(OSError, match="No space left"):  # noqa: PT012 - the codec decides which call raises
        for _ in range(20):
            encoder.write(np.random.default_rng(0).uniform(-1, 1, RATE_HZ).astype(np.float32))
        encoder.close()
    encoder.close()
    with pytest.raises(ValueError, match="closed"):
        encoder.write(tone(0.1))


def test_opus_does_not_end_in_a_spike_after_silence() -> None:
    end = np.zeros(RATE_HZ // 50, dtype=np.float32)
    for length in range(RATE_HZ, RATE_HZ + 480, 60):
        samples = decode(encode("opus", tone(2)[:length], end)).samples
        assert np.abs(samples).max() < 0.65


def test_writing_after_close_is_an_error() -> None:
    encoder = open_encoder("wav", sample_rate_hz=RATE_HZ, out=io.BytesIO())
    encoder.close()
    with pytest.raises(ValueError, match="closed"):
        encoder.write(tone(0.1))


def test_unknown_formats_are_refused() -> None:
    with pytest.raises(ValueError, match="available are wav, flac, mp3, opus"):
        open_encoder("midi", sample_rate_hz=RATE_HZ, out=io.BytesIO())


def test_aac_is_not_available_without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "_has_pyav", lambda: False)
    assert available_formats() == ("wav", "flac", "mp3", "opus", "pcm")
    with pytest.raises(ValueError, match="aac"):
        open_encoder("aac", sample_rate_hz=RATE_HZ, out=io.BytesIO())


def test_packages_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    available_formats()
    monkeypatch.setattr(encoder, "find_spec", lambda name: pytest.fail(f"looked for {name} again"))
    assert "wav" in available_formats()
    open_encoder("wav", sample_rate_hz=RATE_HZ, out=io.BytesIO()).close()


def test_to_int16_clips_and_replaces_nan() -> None:
    samples = np.array([0, 0.5, 1, 2, -1, -2, np.nan, np.inf, -np.inf, 1e38], dtype=np.float32)
    assert to_int16(samples).tolist() == [0, 16384, 32767, 32767, -32768, -32768, 0, 32767, -32768, 32767]


# --- resampling --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(44100, 48000), (22050, 24000), (96000, 48000), (8000, 48000)]
)
def test_resampling_keeps_time_and_pitch(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz=from_hz, to_hz=to_hz)
    pieces = [resampler.push(piece) for piece in np.array_split(tone(1, rate_hz=from_hz, pitch_hz=1000), 37)]
    samples = np.concatenate([*pieces, resampler.flush()])
    assert len(samples) == to_hz
    inner = slice(to_hz // 50, -to_hz // 50)  # the ends ring, because the sound starts and ends abruptly
    np.testing.assert_allclose(samples[inner], tone(1, rate_hz=to_hz, pitch_hz=1000)[inner], atol=2e-5)


def test_resampling_does_not_alias_high_tones() -> None:
    resampler = Resampler(from_hz=48000, to_hz=16000)
    samples = resampler.push(tone(1, rate_hz=48000, pitch_hz=9000))
    assert np.abs(samples[1000:-1000]).max() < 1e-4


def test_allowed_rate_is_the_lowest_that_loses_nothing() -> None:
    rates = (8000, 16000, 48000)
    assert [allowed_rate(rate, allowed=rates) for rate in (4000, 8000, 8001, 44100, 96000)] == [
        8000,
        8000,
        16000,
        48000,
        48000,
    ]


# --- decoding ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audio_format", WITH_HEADER)
def test_encoded_files_can_be_decoded(audio_format: str) -> None:
    decoded = decode(encode(audio_format, tone(1)))
    assert decoded.samples.dtype == np.float32
    assert decoded.samples.ndim == 1
    assert 0 <= len(decoded.samples) / decoded.sample_rate_hz - 1 <= 0.1
    assert np.abs(decoded.samples[RATE_HZ // 4 : RATE_HZ * 3 // 4]).max() == pytest.approx(0.5, rel=0.15)


def test_stereo_is_mixed_down() -> None:
    file = io.BytesIO()
    soundfile.write(
        file, np.stack([tone(1), np.zeros(RATE_HZ)], axis=1), RATE_HZ, format="WAV", subtype="FLOAT"
    )
    np.testing.assert_allclose(decode(file.getvalue()).samples, tone(1) / 2, atol=1e-6)


def test_a_wav_with_unknown_size_is_decoded() -> None:
    data = bytearray(encode("wav", tone(1)))
    data[4:8] = data[40:44] = b"\xff" * 4
    assert len(decode(bytes(data)).samples) == RATE_HZ


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "nothing"),
        (b'{"error": "Model is overloaded"}', "Model is overloaded"),
        (b' \n["warming up"]', "warming up"),
        (b"<html><body>502 Bad Gateway</body></html>", "502 Bad Gateway"),
        (b"Service Unavailable", "Service Unavailable"),
        (np.random.default_rng(0).bytes(5000), "5000 bytes"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n", "EXTM3U"),
    ],
    ids=["empty", "json", "list", "html", "text", "junk", "playlist"],
)
def test_data_that_is_not_audio_is_quoted_in_the_error(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        decode(data)


def test_audio_without_samples_is_refused() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(0), RATE_HZ, format="WAV")
    with pytest.raises(ValueError, match="no samples"):
        decode(file.getvalue())
