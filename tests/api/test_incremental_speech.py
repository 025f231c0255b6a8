"""A WebSocket for text in pieces, without a worker that speaks. tests/e2e/test_incremental_speech.py has one."""

import json
from collections.abc import Iterator, Sequence

import pytest
from websockets.sync.client import connect

from common.formats import MEDIA_TYPES
from common.settings import Settings
from tests.support.decoding import by_pyav
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.routes import WEBSOCKET


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings, announced=False) as running:
        running.announce(formats=tuple(MEDIA_TYPES))
        yield running


@pytest.mark.parametrize("audio_format", MEDIA_TYPES)
@pytest.mark.parametrize("pieces", [(), ("---", "... *** ")])
def test_a_text_with_nothing_to_speak_is_a_short_silence(
    gateway: RunningGateway, audio_format: str, pieces: Sequence[str]
) -> None:
    messages = [
        {"type": "session.config", "response_format": audio_format},
        *({"type": "input.text", "text": piece} for piece in pieces),
        {"type": "input.done"},
    ]
    with connect(gateway.url.replace("http", "ws", 1) + WEBSOCKET) as websocket:
        for message in messages:
            websocket.send(json.dumps(message))
        received = list(websocket)
    start, audio, done, session_done = received
    assert isinstance(audio, bytes)
    assert [json.loads(message)["type"] for message in (start, done, session_done)] == [
        "audio.start",
        "audio.done",
        "session.done",
    ]
    assert json.loads(done)["size_bytes"] == len(audio)
    samples, rate_hz = by_pyav(audio, audio_format)
    assert 0.09 <= len(samples) / rate_hz <= 0.2  # codecs pad to whole frames
