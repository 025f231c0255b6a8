"""Text in pieces over a WebSocket, and one file of sound back, against the whole service."""

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

SPOKEN = "The weather in the mountains was cold and clear this morning. A woman walked along the beach with her dog."
PATH = "/v1/audio/speech/stream"
FAKE = {"model": "fake", "voice": "fake"}


@pytest.fixture(scope="module")
def service(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client:
        yield client


@dataclass
class Conversation:
    """What was said to a client so far: messages, and sound."""

    connection: ClientConnection
    messages: list[dict[str, Any]] = field(default_factory=list)
    sound: bytes = b""

    def say(self, kind: str, **more: Any) -> None:
        self.connection.send(json.dumps({"type": kind, **more}))

    def hear(self, *, timeout_s: float = 30) -> str | bytes:
        """The next of them. Raises TimeoutError, ConnectionClosed."""
        told = self.connection.recv(timeout=timeout_s)
        if isinstance(told, bytes):
            self.sound += told
        else:
            self.messages.append(json.loads(told))
        return told

    def hear_all(self) -> int:
        """Until it is closed; the code."""
        while True:
            try:
                self.hear()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006

    def hears_more(self, *, within_s: float) -> bool:
        """Whether there is sound behind the head of a file."""
        try:
            while len(self.sound) <= 44:
                self.hear(timeout_s=within_s)
        except TimeoutError:
            return False
        return True

    def hear_sound(self) -> None:
        while not isinstance(self.hear(), bytes):
            pass

    @property
    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]

    @property
    def job_id(self) -> str:
        return str(self.messages[0]["job_id"])


@contextmanager
def conversing(url: str, *, origin: str | None = None) -> Iterator[Conversation]:
    place = url.replace("http://", "ws://") + PATH
    with connect(place, proxy=None, origin=origin, max_size=None) as connection:  # type: ignore[arg-type]
        yield Conversation(connection)


def refused(stack: Stack, *messages: str | bytes) -> dict[str, Any]:
    """The error that a client is told who sends these, and nothing else, before it is closed."""
    with conversing(stack.url) as conversation:
        for message in messages:
            conversation.connection.send(message)
        assert conversation.hear_all() == 1008
    assert conversation.kinds[-1] == "error"
    assert conversation.sound == b""
    error: dict[str, Any] = conversation.messages[-1]["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    return error


def pieces(text: str, *, chars: int) -> list[str]:
    return [text[at : at + chars] for at in range(0, len(text), chars)]


def job_of(service: httpx.Client, job_id: str) -> dict[str, Any]:
    job: dict[str, Any] = service.get(f"/jobs/{job_id}").json()
    return job


@pytest.mark.parametrize("audio_format", ["pcm", "mp3", "wav", "opus"])
def test_text_in_pieces_is_one_file(stack: Stack, service: httpx.Client, audio_format: str) -> None:
    with conversing(stack.url) as conversation:
        conversation.say("session.config", voice="alloy", model="tts-1", response_format=audio_format, seed=1)
        for piece in pieces(SPOKEN, chars=7):
            conversation.say("input.text", text=piece)
        conversation.say("input.done")
        assert conversation.hear_all() == 1000
    start, done, end = conversation.messages
    assert (start["type"], start["format"]) == ("audio.start", audio_format)
    assert done == {"type": "audio.done", "size_bytes": len(conversation.sound)}
    assert end == {"type": "session.done", "job_id": start["job_id"]}

    samples, rate_hz = by_pyav(conversation.sound, audio_format)
    assert 5 < len(samples) / rate_hz < 10
    job = job_of(service, conversation.job_id)
    assert (job["status"], job["text"]) == ("completed", SPOKEN)
    stored = service.get(job["audio_url"]).content
    head = 44 if audio_format == "wav" else 0
    assert conversation.sound[head:] == stored[head:]
    assert (conversation.sound[:head] == stored[:head]) is not (audio_format == "wav")
    if audio_format == "mp3":
        assert word_error_rate(SPOKEN, transcribe(conversation.sound)) <= 0.1


def test_a_client_may_begin_with_text_and_hears_it_before_the_text_has_ended(stack: Stack) -> None:
    with conversing(stack.url) as conversation:
        conversation.say("input.text", text="The weather in the mountains was cold this morning. A woman")
        conversation.hear_sound()
        assert conversation.messages[0]["format"] == "pcm"
        before = len(conversation.sound)
        conversation.say("input.text", text=" walked along the beach with her dog.")
        conversation.say("input.done")
        assert conversation.hear_all() == 1000
    assert len(conversation.sound) > before
    assert conversation.kinds == ["audio.start", "audio.done", "session.done"]


def test_what_is_no_whole_sentence_waits_until_it_is_asked_for(stack: Stack) -> None:
    with conversing(stack.url) as conversation:
        conversation.say("session.config", session={**FAKE, "response_format": "wav"})
        conversation.say("input.text", text="This is not a whole")
        assert isinstance(conversation.hear(), str)
        assert not conversation.hears_more(within_s=1.5)
        conversation.say("input.flush")
        assert conversation.hears_more(within_s=30)
        conversation.say("input.text", text=" sentence.")
        conversation.say("input.done")
        assert conversation.hear_all() == 1000
    assert conversation.kinds == ["audio.start", "audio.done", "session.done"]


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
        (['{"type": "input.done"}'], "text", "nothing_to_speak"),
        (
            [
                '{"type": "input.text", "text": "... *** "}',
                '{"type": "input.flush"}',
                '{"type": "input.done"}',
            ],
            "text",
            "nothing_to_speak",
        ),
        (['{"type": "input.text", "text": "%s"}' % ("Hello. " * 30_000)], "text", "text_too_long"),
    ],
)
def test_a_bad_message_is_told_and_ends_it(
    stack: Stack, messages: Sequence[str | bytes], param: str | None, code: str
) -> None:
    error = refused(stack, *messages)
    assert (error["param"], error["code"]) == (param, code)


def test_a_tag_that_cannot_be_followed_is_told(stack: Stack) -> None:
    with conversing(stack.url) as conversation:
        conversation.say("session.config", **FAKE)
        conversation.say("input.text", text="This is a whole sentence. [pause:x] And another one.")
        conversation.say("input.done")
        assert conversation.hear_all() == 1011
    assert conversation.messages[-1]["error"]["code"] == "invalid_tag"


def test_an_engine_that_fails_is_told(stack: Stack) -> None:
    with conversing(stack.url) as conversation:
        conversation.say("session.config", **FAKE)
        conversation.say("input.text", text="This is a whole sentence. [[fail]] And here it ends. ")
        conversation.say("input.done")
        assert conversation.hear_all() == 1011
    error = conversation.messages[-1]["error"]
    assert (error["type"], error["code"]) == ("synthesis_error", "engine_failed")


def test_where_nobody_speaks_it_is_told_to_come_again(settings: Settings) -> None:
    with run_gateway(settings, announced=False) as gateway, conversing(gateway.url) as conversation:
        conversation.say("input.text", text="Hello.")
        assert conversation.hear_all() == 1013
    (message,) = conversation.messages
    assert (message["type"], message["error"]["code"]) == ("error", "no_worker")


def test_a_page_of_another_site_is_not_let_in(stack: Stack) -> None:
    with (
        pytest.raises(InvalidStatus) as refusal,
        conversing(stack.url, origin="http://elsewhere.example"),
    ):
        pass
    assert refusal.value.response.status_code == 403
    with conversing(stack.url, origin=stack.url) as conversation:
        conversation.say("input.text", text="Hello.")
        conversation.say("input.done")
        assert conversation.hear_all() == 1000


def test_who_leaves_ends_it(stack: Stack, service: httpx.Client) -> None:
    """In the middle of the text, or when it had ended and was being spoken; nobody can come back to the first."""
    left = []
    for ended in (False, True):
        with conversing(stack.url) as conversation:
            conversation.say("session.config", **FAKE)
            conversation.say("input.text", text="[[slow:0.5]] This is one of the sentences. " * 20)
            if ended:
                conversation.say("input.done")
            conversation.hear_sound()
        left.append(conversation.job_id)
    wait_for(
        lambda: {job_of(service, job_id)["status"] for job_id in left} == {"cancelled"},
        timeout_s=30,
        interval_s=0.25,
    )
