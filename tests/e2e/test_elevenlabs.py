"""ElevenLabs' own client with a whole service."""

from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError
from elevenlabs.types import VoiceSettings

from cli.service.stack import Stack
from tests.support.decoding import by_pyav
from tests.support.transcription import transcribe, word_error_rate

SPOKEN = "The weather in the mountains was cold and clear this morning. A woman walked along the beach with her dog."


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[ElevenLabs]:
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield ElevenLabs(base_url=stack.url, api_key="anything", httpx_client=http)


@pytest.mark.parametrize(
    ("output_format", "audio_format", "rate_hz"),
    [("mp3_44100_128", "mp3", 44100), ("opus_48000_64", "opus", 48000), ("wav_16000", "wav", 16000)],
)
def test_speech_has_the_rate_that_was_asked_for(
    client: ElevenLabs, output_format: str, audio_format: str, rate_hz: int
) -> None:
    audio = b"".join(
        client.text_to_speech.convert(
            "hibari_heart",
            text=SPOKEN,
            model_id="eleven_multilingual_v2",
            output_format=output_format,
            seed=1,
            voice_settings=VoiceSettings(stability=0.5, speed=1.1),
        )
    )
    samples, decoded_hz = by_pyav(audio, audio_format)
    assert decoded_hz == rate_hz
    assert 4 < len(samples) / decoded_hz < 9
    assert word_error_rate(SPOKEN, transcribe(audio)) <= 0.1


def test_raw_samples_of_each_rate_last_as_long(client: ElevenLabs) -> None:
    durations = []
    for rate_hz in (8000, 16000, 22050, 24000, 44100):
        chunks = client.text_to_speech.stream(
            "alloy", text=SPOKEN, output_format=f"pcm_{rate_hz}", seed=1, model_id="hibari"
        )
        samples = np.frombuffer(b"".join(chunks), dtype="<i2")
        assert np.abs(samples).max() > 2000
        durations.append(len(samples) / rate_hz)
    assert durations == pytest.approx([durations[0]] * len(durations), rel=0.02)


def test_voices_and_models_are_listed(client: ElevenLabs) -> None:
    voices = {voice.voice_id: voice.name for voice in client.voices.get_all().voices}
    assert voices["hibari_heart"] == "Heart"
    assert client.voices.get("hibari_heart").name == "Heart"
    assert [voice.voice_id for voice in client.voices.search(search="hibari_kore").voices] == ["hibari_kore"]
    models = {model.model_id: model for model in client.models.list()}
    assert models["eleven_multilingual_v2"].can_do_text_to_speech
    assert "en" in [language.language_id for language in models["hibari"].languages or []]


def test_a_format_that_cannot_be_sent_is_refused_plainly(client: ElevenLabs) -> None:
    with pytest.raises(ApiError) as refused:
        b"".join(client.text_to_speech.convert("hibari_heart", text="Hello.", output_format="ulaw_8000"))
    assert refused.value.status_code == 400
    assert "pcm_8000" in str(refused.value.body)
