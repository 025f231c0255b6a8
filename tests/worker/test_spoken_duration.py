"""ffprobe finds the duration of real speech in every format, streamed or stored."""

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from common.catalogue import find_voice
from common.catalogue.loudness import gain_db
from tests.support.decoding import by_pyav
from tests.support.utterances import settings_of, utterance
from worker.encoding import CODEC_DELAY, OutputSink, open_encoder
from worker.engines import create
from worker.sound import Master, trim

VOICE = "hibari_heart"
# AAC frames of the last three exceed the bit rate for a while.
TEXTS = (
    "What a fantastic surprise this is!",
    "Oh no! I forgot it. Again!",
    "Ha! That is a long, long, long way to go, and we have all night.",
    "Thanks for calling. All of our agents are busy. Please hold, and we will be with you as soon as possible.",
)
SHORTEST_S = 1.5
FFPROBE = shutil.which("ffprobe")

Sound = tuple[NDArray[np.float32], int]


@pytest.fixture(scope="module")
def speeches(tmp_path_factory: pytest.TempPathFactory) -> list[Sound]:
    """Real speech with its sample rate, as the engine returns it."""
    engine = create("hibari", settings_of(tmp_path_factory.mktemp("models")))
    engine.load()
    voice = find_voice(VOICE)
    spoken = [
        engine.speak([utterance(text, voice=voice.engine_voice, language=voice.languages[0])])[0]
        for text in TEXTS
    ]
    engine.close()
    return [(speech.samples, speech.sample_rate_hz) for speech in spoken]


def master(speech: Sound) -> Sound:
    samples, rate_hz = speech
    mastering = Master(sample_rate_hz=rate_hz)
    trimmed = trim(samples, sample_rate_hz=rate_hz).samples
    sound = [mastering.speech(trimmed, gain_db=gain_db(find_voice(VOICE))), mastering.end()]
    return np.concatenate(sound), rate_hz


def as_loud_as_possible(speech: Sound) -> Sound:
    samples, rate_hz = speech
    return samples / np.abs(samples).max(), rate_hz


def encode(sound: Sound, audio_format: str) -> tuple[bytes, bytes]:
    """Return the (streamed, stored) bytes of a sound that is written in pieces."""
    samples, rate_hz = sound
    spool, live = io.BytesIO(), list[bytes]()
    encoder = open_encoder(audio_format, sample_rate_hz=rate_hz, out=OutputSink(spool, live.append))
    for start in range(0, len(samples), 5000):
        encoder.write(samples[start : start + 5000])
    encoder.close()
    return b"".join(live), spool.getvalue()


def probed_duration_s(file: Path) -> float:
    if FFPROBE is None:
        pytest.skip("ffprobe is not installed; it comes with ffmpeg")
    answer = subprocess.run(
        (FFPROBE, "-v", "error", "-show_format", "-of", "json", str(file)), capture_output=True, check=True
    )
    return float(json.loads(answer.stdout)["format"]["duration"])


@pytest.mark.parametrize("change", [master, as_loud_as_possible])
@pytest.mark.parametrize("audio_format", ["wav", "flac", "opus", "aac"])
def test_ffprobe_finds_the_duration_of_speech(
    audio_format: str, change: Callable[[Sound], Sound], speeches: list[Sound], tmp_path: Path
) -> None:
    for speech in speeches:
        sound = change(speech)
        duration_s = len(sound[0]) / sound[1]
        assert duration_s >= SHORTEST_S
        streamed, stored = encode(sound, audio_format)
        # The header of a streamed WAV or FLAC has no length.
        for name, data in (
            ("stored", stored),
            *([("streamed", streamed)] if audio_format in ("opus", "aac") else []),
        ):
            file = tmp_path / f"{name}.{audio_format}"
            file.write_bytes(data)
            assert probed_duration_s(file) == pytest.approx(duration_s, rel=0.02)


def test_aac_keeps_speech_that_ends_loudly(speeches: list[Sound]) -> None:
    for speech in speeches:
        samples, rate_hz = as_loud_as_possible(speech)
        end = int(np.flatnonzero(np.abs(samples) > 0.5)[-1])
        _, stored = encode((samples[:end], rate_hz), "aac")
        before = CODEC_DELAY["aac"].before
        decoded = by_pyav(stored, "aac")[0][before : before + end]
        assert len(decoded) == end
        last = slice(end - rate_hz // 50, end)
        assert np.corrcoef(decoded[last], samples[last])[0, 1] > 0.9
