"""Players show the duration that a file states, or that they estimate from its bit rate."""

import io
import json
import shutil
import subprocess
import wave
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.support.decoding import by_pyav
from worker.encoding import CODEC_DELAY, FORMATS, open_encoder
from worker.encoding.adts_fill import ADTS_HEADER_BYTES, ConstantBitRate

RATE_HZ = 24_000
DURATION_S = 6.0
# Like every recording of the service, a sound ends with some silence.
SILENCE_S = 0.1
FFPROBE = shutil.which("ffprobe")
# Earlier versions count the silence that MP3 adds: at most three frames, of 24 ms each.
SUBTRACTS_DELAY_SINCE = 8
MP3_DELAY_S = 0.072


def speech_like(duration_s: float = DURATION_S, *, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """Syllables of two pitches with noise, and pauses: what a variable bit rate reacts to."""
    moments = np.arange(round(duration_s * rate_hz)) / rate_hz
    loudness = (np.sin(2 * np.pi * 0.7 * moments) > -0.3) * (0.5 + 0.5 * np.sin(2 * np.pi * 3 * moments))
    voice = np.sin(2 * np.pi * 170 * moments) + 0.5 * np.sin(2 * np.pi * 1200 * moments)
    noise = np.random.default_rng(0).standard_normal(len(moments))
    sound = (0.3 * loudness * (voice + 0.1 * noise)).astype(np.float32)
    sound[-round(SILENCE_S * rate_hz) :] = 0
    return sound


def encode(audio_format: str, sound: NDArray[np.float32] | None = None, *, rate_hz: int = RATE_HZ) -> bytes:
    file = io.BytesIO()
    encoder = open_encoder(audio_format, sample_rate_hz=rate_hz, out=file)
    encoder.write(speech_like() if sound is None else sound)
    encoder.close()
    return file.getvalue()


def ask_ffprobe(*options: str) -> str:
    if FFPROBE is None:
        pytest.skip("ffprobe is not installed; it comes with ffmpeg")
    return subprocess.run(
        (FFPROBE, "-v", "error", *options), capture_output=True, check=True, text=True
    ).stdout


@pytest.mark.parametrize("duration_s", [1.5, 2.3, DURATION_S])
@pytest.mark.parametrize("audio_format", ["wav", "flac", "mp3", "opus", "aac"])
def test_a_file_states_its_duration(audio_format: str, duration_s: float) -> None:
    with av.open(io.BytesIO(encode(audio_format, speech_like(duration_s)))) as container:
        assert container.duration is not None
        assert container.duration / 1e6 == pytest.approx(duration_s, rel=0.02)


@pytest.mark.parametrize("duration_s", [1.5, 2.3, DURATION_S])
@pytest.mark.parametrize("audio_format", ["wav", "flac", "mp3", "opus", "aac"])
def test_ffprobe_finds_the_duration(audio_format: str, duration_s: float, tmp_path: Path) -> None:
    path = tmp_path / f"speech.{audio_format}"
    path.write_bytes(encode(audio_format, speech_like(duration_s)))
    stated_s = json.loads(ask_ffprobe("-show_format", "-of", "json", str(path)))["format"]["duration"]
    version = json.loads(ask_ffprobe("-show_program_version", "-of", "json"))["program_version"]["version"]
    release = version.partition(":")[2] or version
    subtracts_delay = release.split(".")[0].isdigit() and int(release.split(".")[0]) >= SUBTRACTS_DELAY_SINCE
    delay_s = 0.0 if subtracts_delay or audio_format != "mp3" else MP3_DELAY_S
    assert float(stated_s) == pytest.approx(duration_s, abs=max(0.02 * duration_s, delay_s))


@pytest.mark.parametrize("audio_format", FORMATS)
def test_the_decoded_sound_has_the_duration(audio_format: str) -> None:
    """Raw PCM states none."""
    samples, rate_hz = by_pyav(encode(audio_format), audio_format)
    assert len(samples) / rate_hz == pytest.approx(DURATION_S, rel=0.02)


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("duration_s", [0.02, 0.5, 1.7])
def test_decoders_return_the_samples_of_an_mp3_in_their_place(rate_hz: int, duration_s: float) -> None:
    sound = np.zeros(round(duration_s * rate_hz), dtype=np.float32)
    start = len(sound) // 2
    sound[start:] = 0.5 * np.sin(np.arange(len(sound) - start) * 2 * np.pi * 400 / rate_hz)
    data = encode("mp3", sound, rate_hz=rate_hz)
    for samples in (by_pyav(data, "mp3")[0], soundfile.read(io.BytesIO(data), dtype="float32")[0]):
        assert len(samples) == len(sound)
        assert np.flatnonzero(np.abs(samples) > 0.1)[0] == pytest.approx(start, abs=rate_hz // 100)


class TestAac:
    @pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000, 44_100])
    def test_leaves_out_the_silence_that_makes_it_longer(self, rate_hz: int) -> None:
        for extra in (0, 1, 400, 600, 1023):
            sound = speech_like(2, rate_hz=rate_hz)
            sound = np.concatenate([sound, np.zeros(extra, dtype=np.float32)])
            samples, _ = by_pyav(encode("aac", sound, rate_hz=rate_hz), "aac")
            assert len(samples) == pytest.approx(len(sound), abs=512)

    def test_keeps_all_of_a_sound_without_silence(self) -> None:
        sound = np.full(RATE_HZ, 0.1, dtype=np.float32) * np.sin(np.arange(RATE_HZ) / 10)
        samples, _ = by_pyav(encode("aac", sound.astype(np.float32)), "aac")
        assert len(samples) >= CODEC_DELAY["aac"].before + len(sound)

    def test_has_a_constant_bit_rate(self) -> None:
        sizes = frame_sizes(encode("aac"))
        assert np.mean(sizes[:10]) == pytest.approx(np.mean(sizes), rel=0.02)
        assert np.mean(sizes[-10:]) == pytest.approx(np.mean(sizes), rel=0.02)

    @pytest.mark.parametrize("added", [*range(20), 255, 268, 269, 270, 271, 285, 286, 600])
    def test_filling_changes_no_sample(self, added: int) -> None:
        data = encode("aac", speech_like(0.6))
        filled, position = bytearray(), 0
        for size in frame_sizes(data):
            frame = ConstantBitRate(size + added).fill(data[position + ADTS_HEADER_BYTES : position + size])
            assert len(frame) + ADTS_HEADER_BYTES == size + added
            header = bytearray(data[position : position + ADTS_HEADER_BYTES])
            header[3:6] = (int.from_bytes(header[3:6], "big") + (added << 5)).to_bytes(3, "big")
            filled += header + frame
            position += size
        np.testing.assert_array_equal(by_pyav(bytes(filled), "aac")[0], by_pyav(data, "aac")[0])


def frame_sizes(adts: bytes) -> list[int]:
    sizes = list[int]()
    while sum(sizes) < len(adts):
        sizes.append(int.from_bytes(adts[sum(sizes) + 3 : sum(sizes) + 6], "big") >> 5 & 0x1FFF)
    return sizes


def test_pythons_wave_module_reads_a_stored_wav() -> None:
    with wave.open(io.BytesIO(encode("wav"))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        assert file.getnframes() == DURATION_S * RATE_HZ
        assert len(file.readframes(file.getnframes())) == 2 * file.getnframes()
