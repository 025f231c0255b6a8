"""Incremental speech with a whole service: text in pieces over a WebSocket, and one audio file back."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from cli.service.stack import Stack
from common.settings import Settings
from tests.support.decoding import by_pyav
from tests.support.gateway import run_gateway
from tests.support.transcription import transcribe, word_error_rate
from tests.support.waiting import wait_for

MP3_INFO_BYTES = 192  # a frame of 64 kbit/s at 24 kHz
SPOKEN = "The weather in the mountains was cold and clear this morning. A woman walked along the beach with her dog."
PATH = "/v1/audio/speech/stream"
FAKE_VOICE = {"model": "fake", "voice": "fake"}


@pytest.fixture(scope="module")
def service(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client:
        yield client


@dataclass
class Session:
    """A WebSocket session with the messages and audio received so far."""

    connection: ClientConnection
    messages: list[dict[str, Any]] = field(default_factory=list)
    audio: bytes = b""

    def send(self, message_type: str, **fields: Any) -> None:
        self.connection.send(json.dumps({"type": message_type, **fields}))

    def receive(self, *, timeout_s: float = 30) -> str | bytes:
        """Receive the next message or piece of audio. Raises TimeoutError or ConnectionClosed."""
        received = self.connection.recv(timeout=timeout_s)
        if isinstance(received, bytes):
            self.audio += received
        else:
            self.messages.append(json.loads(received))
        return received

    def receive_all(self) -> int:
        """Receive until the connection is closed and return the close code."""
        while True:
            try:
                self.receive()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006

    def receives_audio(self, *, within_s: float) -> bool:
        """Return whether audio arrives in addition to the header of a WAV file."""
        try:
            while len(self.audio) <= 44:
                self.receive(timeout_s=within_s)
        except TimeoutError:
            return False
        return True

    def receive_audio(self) -> None:
        """Receive up to the next piece of audio."""
        while not isinstance(self.receive(), bytes):
            pass

    @property
    def message_types(self) -> list[str]:
        return [message["type"] for message in self.messages]

    @property
    def job_id(self) -> str:
        return str(self.messages[0]["job_id"])


@contextmanager
def open_session(url: str, *, origin: str | None = None) -> Iterator[Session]:
    address = url.replace("http://", "ws://") + PATH
    with connect(address, proxy=None, origin=origin, max_size=None) as connection:  # type: ignore[arg-type]
        yield Session(connection)


def get_refusal(stack: Stack, *messages: str | bytes) -> dict[str, Any]:
    """Send messages, check that the service sends an error without audio and closes, and return the error."""
    with open_session(stack.url) as session:
        for message in messages:
            session.connection.send(message)
        assert session.receive_all() == 1008
    assert session.message_types[-1] == "error"
    assert session.audio == b""
    error: dict[str, Any] = session.messages[-1]["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    return error


def split_into_pieces(text: str, *, chars: int) -> list[str]:
    return [text[start : start + chars] for start in range(0, len(text), chars)]


def get_job(service: httpx.Client, job_id: str) -> dict[str, Any]:
    job: dict[str, Any] = service.get(f"/jobs/{job_id}").json()
    return job


@pytest.mark.parametrize("audio_format", ["pcm", "mp3", "wav", "opus"])
def test_text_in_pieces_becomes_one_file(stack: Stack, service: httpx.Client, audio_format: str) -> None:
    with open_session(stack.url) as session:
        session.send("session.config", voice="alloy", model="tts-1", response_format=audio_format, seed=1)
        for piece in split_into_pieces(SPOKEN, chars=7):
            session.send("input.text", text=piece)
        session.send("input.done")
        assert session.receive_all() == 1000
    start, audio_done, session_done = session.messages
    assert (start["type"], start["format"]) == ("audio.start", audio_format)
    assert audio_done == {"type": "audio.done", "size_bytes": len(session.audio)}
    assert session_done == {"type": "session.done", "job_id": start["job_id"]}

    samples, rate_hz = by_pyav(session.audio, audio_format)
    assert 5 < len(samples) / rate_hz < 10
    job = get_job(service, session.job_id)
    assert (job["status"], job["text"]) == ("completed", SPOKEN)
    stored = service.get(job["audio_url"]).content
    # The header of a WAV or MP3 stream does not know the length, that of the file does.
    header = {"wav": 44, "mp3": stored.find(b"Info") + MP3_INFO_BYTES}.get(audio_format, 0)
    assert session.audio[header:] == stored[header:]
    assert (session.audio[:header] != stored[:header]) is (audio_format in ("wav", "mp3"))
    if audio_format == "mp3":
        assert word_error_rate(SPOKEN, transcribe(session.audio)) <= 0.1


def test_audio_of_a_complete_sentence_arrives_before_the_text_ends(stack: Stack) -> None:
    """The session starts with a text message and uses the default configuration."""
    with open_session(stack.url) as session:
        session.send("input.text", text="The weather in the mountains was cold this morning. A woman")
        session.receive_audio()
        assert session.messages[0]["format"] == "pcm"
        size_before = len(session.audio)
        session.send("input.text", text=" walked along the beach with her dog.")
        session.send("input.done")
        assert session.receive_all() == 1000
    assert len(session.audio) > size_before
    assert session.message_types == ["audio.start", "audio.done", "session.done"]


def test_an_incomplete_sentence_waits_for_a_flush(stack: Stack) -> None:
    with open_session(stack.url) as session:
        session.send("session.config", session={**FAKE_VOICE, "response_format": "wav"})
        session.send("input.text", text="This is not a whole")
        assert isinstance(session.receive(), str)
        assert not session.receives_audio(within_s=1.5)
        session.send("input.flush")
        assert session.receives_audio(within_s=30)
        session.send("input.text", text=" sentence.")
        session.send("input.done")
        assert session.receive_all() == 1000
    assert session.message_types == ["audio.start", "audio.done", "session.done"]


@pytest.mark.parametrize(
    ("messages", "param", "code"),
    [
        (["{"], None, "invalid_request"),
        (["[]"], None, "invalid_request"),
        (['{"text": "Hello."}'], None, "invalid_request"),
        ([b"\0\1\2"], None, "invalid_request"),
        (['{"type": "session.begin"}'], "type", "invalid_request"),
        (['{"type": "session.config", "speed": 9}'], "speed", "invalid_request"),
        (
            ['{"type": "session.config", "session": {"response_format": "au"}}'],
            "response_format",
            "invalid_request",
        ),
        (['{"type": "session.config", "voice": "nobody"}'], "voice", "voice_not_found"),
        (['{"type": "session.config", "model": "tts-9"}'], "model", "model_not_found"),
        (['{"type": "session.config"}', '{"type": "session.config"}'], "type", "invalid_request"),
        (['{"type": "session.config"}', '{"type": "input.text", "text": 3}'], "text", "invalid_request"),
        (['{"type": "input.text", "text": "%s"}' % ("Hello. " * 30_000)], "text", "text_too_long"),
    ],
)
def test_an_invalid_message_gets_an_error_and_closes_the_session(
    stack: Stack, messages: Sequence[str | bytes], param: str | None, code: str
) -> None:
    error = get_refusal(stack, *messages)
    assert (error["param"], error["code"]) == (param, code)


def test_an_invalid_tag_gets_an_error_and_closes_the_session(stack: Stack) -> None:
    with open_session(stack.url) as session:
        session.send("session.config", **FAKE_VOICE)
        session.send("input.text", text="This is a whole sentence. [pause:61s] And another one.")
        session.send("input.done")
        assert session.receive_all() == 1011
    assert session.messages[-1]["error"]["code"] == "invalid_tag"


def test_a_failing_engine_gets_an_error_and_closes_the_session(stack: Stack) -> None:
    with open_session(stack.url) as session:
        session.send("session.config", **FAKE_VOICE)
        session.send("input.text", text="This is a whole sentence. [[fail]] And here it ends. ")
        session.send("input.done")
        assert session.receive_all() == 1011
    error = session.messages[-1]["error"]
    assert (error["type"], error["code"]) == ("synthesis_error", "engine_failed")


def test_without_a_worker_the_close_code_asks_to_try_again_later(settings: Settings) -> None:
    with run_gateway(settings, announced=False) as gateway, open_session(gateway.url) as session:
        session.send("input.text", text="Hello.")
        assert session.receive_all() == 1013
    (message,) = session.messages
    assert (message["type"], message["error"]["code"]) == ("error", "no_worker")


def test_a_connection_from_a_page_of_another_site_is_refused(stack: Stack) -> None:
    with (
        pytest.raises(InvalidStatus) as refusal,
        open_session(stack.url, origin="http://elsewhere.example"),
    ):
        pass
    assert refusal.value.response.status_code == 403
    with open_session(stack.url, origin=stack.url) as session:
        session.send("input.text", text="Hello.")
        session.send("input.done")
        assert session.receive_all() == 1000


def test_a_disconnect_cancels_the_job(stack: Stack, service: httpx.Client) -> None:
    """The client disconnects in the middle of the text, and after its end while the rest is being spoken."""
    job_ids = []
    for text_ended in (False, True):
        with open_session(stack.url) as session:
            session.send("session.config", **FAKE_VOICE)
            session.send("input.text", text="[[slow:0.5]] This is one of the sentences. " * 40)
            if text_ended:
                session.send("input.done")
            session.receive_audio()
        job_ids.append(session.job_id)
    wait_for(
        lambda: {get_job(service, job_id)["status"] for job_id in job_ids} == {"cancelled"},
        timeout_s=30,
        interval_s=0.25,
    )
