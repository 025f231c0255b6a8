"""What live listeners receive while a file grows."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from common.messaging.audio_window import HEADER_BYTES
from tests.support.decoding import by_pyav, tags_of, tone
from worker.encoding import CODEC_DELAY, FORMATS, OutputSink, decode, open_encoder
from worker.encoding.pcm import to_int16
from worker.encoding.resampling import allowed_rate
from worker.encoding.tags import NO_TAGS, Tags

RATES_HZ = (16_000, 22_050, 24_000, 44_100)
MP3_INFO_BYTES = 192  # a frame of 64 kbit/s at 24 kHz
OPUS_DECODED_HZ = 48_000
OPUS_RATES_HZ = (8000, 12000, 16000, 24000, 48000)
# A block of FLAC; a page of Ogg and the look-ahead of Opus; a few frames of the other formats.
HELD_BACK_S = {"wav": 0, "pcm": 0, "flac": 0.26, "opus": 0.25, "mp3": 0.2, "aac": 0.2}


class Recorder:
    """Encodes into a file and records the bytes that a live listener gets."""

    def __init__(self, audio_format: str, *, rate_hz: int, tags: Tags = NO_TAGS) -> None:
        self.spool = io.BytesIO()
        self.chunks: list[bytes] = []
        sink = OutputSink(self.spool, self.chunks.append)
        self.encoder = open_encoder(audio_format, sample_rate_hz=rate_hz, out=sink, tags=tags)

    @property
    def live(self) -> bytes:
        return b"".join(self.chunks)

    def write(self, pieces: Iterator[NDArray[np.float32]]) -> tuple[bytes, bytes]:
        """Return (live bytes, stored bytes)."""
        for piece in pieces:
            self.encoder.write(piece)
        self.encoder.close()
        return self.live, self.spool.getvalue()


def codec_rate(audio_format: str, rate_hz: int) -> int:
    if audio_format == "opus":
        return allowed_rate(rate_hz, allowed=OPUS_RATES_HZ)
    return 24_000 if audio_format == "pcm" else rate_hz


def cut(samples: NDArray[np.float32], seed: int) -> Iterator[NDArray[np.float32]]:
    """Split into pieces of random sizes, some of them empty, some longer than a frame of any codec."""
    rng = np.random.default_rng(seed)
    while len(samples):
        size = int(rng.choice([0, 1, 13, 480, 1152, 5000]) * rng.uniform(0.5, 1.5))
        yield samples[:size]
        samples = samples[size:]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("audio_format", FORMATS)
@settings(max_examples=8)
@given(count=st.integers(1200, 60_000), seed=st.integers(0, 1000))
def test_live_and_stored_bytes_have_the_input_samples(
    audio_format: str, rate_hz: int, count: int, seed: int
) -> None:
    sound = np.random.default_rng(seed).uniform(-0.5, 0.5, count).astype(np.float32)
    live, stored = Recorder(audio_format, rate_hz=rate_hz).write(cut(sound, seed))
    live_samples, rate = by_pyav(live, audio_format)
    stored_samples, _ = by_pyav(stored, audio_format)
    # A live MP3 does not say where its sound ends.
    heard = live_samples[: len(stored_samples)] if audio_format == "mp3" else live_samples
    np.testing.assert_array_equal(heard, stored_samples)
    coded_hz = codec_rate(audio_format, rate_hz)
    expected_count = CODEC_DELAY[audio_format].decoded(round(count * coded_hz / rate_hz), rate_hz=coded_hz)
    if audio_format == "opus":
        assert rate == OPUS_DECODED_HZ
        expected_count = expected_count * OPUS_DECODED_HZ // coded_hz
    assert len(stored_samples) == expected_count
    if rate == rate_hz and audio_format in ("wav", "flac", "pcm"):
        np.testing.assert_array_equal(live_samples * 32768, to_int16(sound))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("audio_format", FORMATS)
def test_the_sound_starts_after_the_codec_delay(audio_format: str, rate_hz: int) -> None:
    """The position is where the decoded sound correlates best with the input."""
    sweep = np.sin(2 * np.pi * np.cumsum(np.linspace(200, 3000, rate_hz)) / rate_hz)
    given = (0.5 * np.hanning(rate_hz) * sweep).astype(np.float32)
    live, _ = Recorder(audio_format, rate_hz=rate_hz).write(iter([given]))
    live_samples, rate = by_pyav(live, audio_format)
    expected = np.interp(np.arange(rate) / rate, np.arange(rate_hz) / rate_hz, given)
    size = 2 ** int(np.ceil(np.log2(len(live_samples) + len(expected))))
    agreement = np.fft.irfft(np.fft.rfft(live_samples, size) * np.conj(np.fft.rfft(expected, size)), size)
    lag = (int(agreement.argmax()) + size // 2) % size - size // 2
    # The internal resampling of Opus may shift the sound by a millisecond.
    within = rate // 1000 if audio_format == "opus" else 2
    assert lag == pytest.approx(CODEC_DELAY[audio_format].before, abs=within)


@pytest.mark.parametrize("audio_format", FORMATS)
def test_written_samples_are_live_soon(audio_format: str) -> None:
    rate_hz = 16_000
    recorder = Recorder(audio_format, rate_hz=rate_hz)
    sound = tone(3, rate_hz=rate_hz)
    for end in range(rate_hz // 2, len(sound) + 1, rate_hz // 2):
        recorder.encoder.write(sound[end - rate_hz // 2 : end])
        live_samples, rate = by_pyav(recorder.live, audio_format)
        assert len(live_samples) / rate >= end / rate_hz - HELD_BACK_S[audio_format] - 0.01
    recorder.encoder.close()


@pytest.mark.parametrize("audio_format", FORMATS)
def test_live_and_stored_bytes_differ_only_in_the_header(audio_format: str) -> None:
    live, stored = Recorder(audio_format, rate_hz=24_000).write(iter([tone(1.3, rate_hz=24_000)]))
    assert len(live) == len(stored)
    header = {"wav": 44, "flac": 42, "mp3": MP3_INFO_BYTES}.get(audio_format, 0)
    assert live[header:] == stored[header:]
    if header:
        assert live[:header] != stored[:header]


@pytest.mark.parametrize("audio_format", ["mp3", "flac", "opus"])
@pytest.mark.parametrize(
    "title", ["Good morning", "L'été à 100 € - 猫 \U0001f469\u200d\U0001f467 = é", "x" * 80]
)
def test_tags_are_in_the_first_bytes_of_a_stream(audio_format: str, title: str) -> None:
    tags = Tags.of(title=title, artist="Heart", created_at=86400.0 * 365)
    recorder = Recorder(audio_format, rate_hz=24_000, tags=tags)
    sound = tone(1.3, rate_hz=24_000)
    live, stored = recorder.write(iter([sound[:12_000], sound[12_000:]]))
    assert title.encode() in b"".join(recorder.chunks[:4])
    expected = {"title": title, "artist": "Heart", "date": "1971-01-01"}
    assert tags_of(live, audio_format) == tags_of(stored, audio_format) == expected
    # The gateway compares attempts by their bytes after the header.
    assert live[HEADER_BYTES:] == stored[HEADER_BYTES:]
    untagged, _ = Recorder(audio_format, rate_hz=24_000).write(iter([sound]))
    np.testing.assert_array_equal(by_pyav(live, audio_format)[0], by_pyav(untagged, audio_format)[0])


def test_a_growing_wav_has_an_unknown_size() -> None:
    recorder = Recorder("wav", rate_hz=24_000)
    recorder.encoder.write(tone(1, rate_hz=24_000))
    assert len(recorder.live) == 44 + 2 * 24_000
    assert recorder.live[4:8] == recorder.live[40:44] == b"\xff" * 4
    assert len(decode(recorder.live).samples) == 24_000


def test_raw_samples_have_no_header() -> None:
    sound = np.array([0, 0.5, -0.5, 1], dtype=np.float32)
    live, stored = Recorder("pcm", rate_hz=24_000).write(iter([sound]))
    assert live == stored == bytes.fromhex("0000 0040 00c0 ff7f")


@pytest.mark.parametrize("audio_format", FORMATS)
def test_an_exception_of_the_listener_ends_the_file(audio_format: str) -> None:
    def on_append(data: bytes) -> None:
        raise ConnectionError("gone")

    def write() -> None:
        encoder = open_encoder(audio_format, sample_rate_hz=24_000, out=OutputSink(io.BytesIO(), on_append))
        encoder.write(tone(2, rate_hz=24_000))

    with pytest.raises(ConnectionError, match="gone"):
        write()


class TestOutputSink:
    def test_overwritten_bytes_are_not_sent_again(self) -> None:
        spool, live_samples = io.BytesIO(), list[bytes]()
        sink = OutputSink(spool, live_samples.append)
        assert sink.write(b"size????") == 8
        sink.write(b"sound")
        sink.seek(4)
        sink.write(b"0005")
        sink.seek(-2, io.SEEK_END)
        sink.write(b"ND and more")
        assert live_samples == [b"size????", b"sound", b" and more"]
        assert spool.getvalue() == b"size0005souND and more"
        assert sink.tell() == len(spool.getvalue())

    def test_reads_written_bytes(self) -> None:
        sink = OutputSink(io.BytesIO())
        sink.write(b"0123456789")
        sink.seek(2)
        assert (sink.read(3), sink.tell()) == (b"234", 5)
        sink.seek(1, io.SEEK_CUR)
        assert sink.read() == b"6789"

    def test_gaps_are_refused(self) -> None:
        sink = OutputSink(io.BytesIO())
        sink.seek(3)
        with pytest.raises(ValueError, match="gaps"):
            sink.write(b"x")
