"""`oratio wyoming` with the protocol's own client and a whole service.

The order of the events is that of Home Assistant (home-assistant/core, homeassistant/components/wyoming/tts.py): a
text as a whole, or in pieces, followed by the whole text once more for servers that do not take pieces.
"""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np
import pytest
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from cli.client.records import Voice
from cli.service.stack import Stack
from cli.wyoming.voices import voice_for
from tests.e2e.test_openai import add_wav_header
from tests.support.command import ORATIO, environment, oratio
from tests.support.ports import free_port
from tests.support.transcription import transcribe, word_error_rate
from tests.support.waiting import wait_for

SPOKEN = "The weather in the mountains was cold and clear this morning. A woman walked along the beach with her dog."
HEART = SynthesizeVoice(name="hibari_heart")
T = TypeVar("T")


@pytest.fixture(scope="module")
def port(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a running `oratio wyoming`."""
    listening = free_port()
    command = [*ORATIO, "wyoming", "--uri", f"tcp://127.0.0.1:{listening}", "--url", stack.url]
    folder = tmp_path_factory.mktemp("wyoming")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment(), cwd=folder, stderr=log)
        try:
            wait_for(lambda: answers(listening) or process.poll() is not None, timeout_s=30)
            assert process.poll() is None, (folder / "log").read_text()
            yield listening
            process.terminate()
            assert process.wait(20) == 0
            assert "Traceback" not in (folder / "log").read_text()
        finally:
            process.kill()


def answers(port: int) -> bool:
    async def connect() -> bool:
        async with AsyncTcpClient("127.0.0.1", port):
            return True

    try:
        return asyncio.run(connect())
    except OSError:
        return False


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[AsyncTcpClient]:
    async with asyncio.timeout(60), AsyncTcpClient("127.0.0.1", port) as client:
        yield client


def run(port: int, talk: Callable[[AsyncTcpClient], Coroutine[Any, Any, T]]) -> T:
    async def main() -> T:
        async with connected(port) as client:
            return await talk(client)

    return asyncio.run(main())


async def read_until(client: AsyncTcpClient, *last: str) -> list[Event]:
    events: list[Event] = []
    while not events or events[-1].type not in last:
        event = await client.read_event()
        assert event is not None, f"the connection ended after {[one.type for one in events]}"
        events.append(event)
    return events


def samples_of(events: list[Event]) -> bytes:
    """Check that the audio events are in order, and return the samples."""
    start, *chunks, stop = [event for event in events if event.type.startswith("audio-")]
    assert AudioStart.is_type(start.type)
    assert AudioStop.is_type(stop.type)
    audio = [AudioChunk.from_event(chunk) for chunk in chunks]
    assert {(chunk.rate, chunk.width, chunk.channels) for chunk in audio} == {(24_000, 2, 1)}
    assert all(len(chunk.audio) % 2 == 0 for chunk in audio)
    return b"".join(chunk.audio for chunk in audio)


def is_spoken(samples: bytes) -> bool:
    return word_error_rate(SPOKEN, transcribe(add_wav_header(samples))) <= 0.1


def test_the_description_names_our_voices(port: int) -> None:
    async def talk(client: AsyncTcpClient) -> Info:
        await client.write_event(Describe().event())
        (event,) = await read_until(client, "info")
        return Info.from_event(event)

    (program,) = run(port, talk).tts
    assert program.installed
    assert program.supports_synthesize_streaming
    voices = {voice.name: voice for voice in program.voices if voice.installed}
    assert voices["hibari_heart"].languages == ["en-US"]
    assert voices["hibari_heart"].description == "Heart (hibari)"


def test_a_text_is_spoken(port: int) -> None:
    async def talk(client: AsyncTcpClient) -> list[Event]:
        await client.write_event(Synthesize(text=SPOKEN, voice=HEART).event())
        return await read_until(client, "audio-stop")

    assert is_spoken(samples_of(run(port, talk)))


def test_a_text_in_pieces_is_heard_before_it_ends(port: int, stack: Stack) -> None:
    first, second = SPOKEN[:70], SPOKEN[70:]

    async def talk(client: AsyncTcpClient) -> list[Event]:
        await client.write_event(SynthesizeStart(voice=HEART).event())
        for start in range(0, len(first), 7):
            await client.write_event(SynthesizeChunk(text=first[start : start + 7]).event())
        early = await read_until(client, "audio-chunk")
        await client.write_event(SynthesizeChunk(text=second).event())
        await client.write_event(Synthesize(text=SPOKEN, voice=HEART).event())
        await client.write_event(SynthesizeStop().event())
        return early + await read_until(client, "synthesize-stopped")

    with httpx.Client(base_url=stack.url, trust_env=False) as service:
        before = len(service.get("/jobs", params={"limit": 500}).json()["items"])
        events = run(port, talk)
        jobs = service.get("/jobs", params={"limit": 500}).json()["items"]
    assert is_spoken(samples_of(events))
    assert SynthesizeStopped.is_type(events[-1].type)
    assert (len(jobs), jobs[0]["text"]) == (before + 1, SPOKEN)


def test_a_connection_speaks_one_text_after_the_other(port: int) -> None:
    async def talk(client: AsyncTcpClient) -> list[bytes]:
        heard = []
        for _ in range(2):
            await client.write_event(SynthesizeStart().event())
            await client.write_event(SynthesizeChunk(text="Hello there.").event())
            await client.write_event(SynthesizeStop().event())
            heard.append(samples_of(await read_until(client, "synthesize-stopped")))
        await client.write_event(Synthesize(text="Hello there.").event())
        return [*heard, samples_of(await read_until(client, "audio-stop"))]

    for samples in run(port, talk):
        assert np.abs(np.frombuffer(samples, dtype="<i2")).max() > 2000


@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_text_with_nothing_to_speak_is_a_short_silence(port: int, in_pieces: bool) -> None:
    async def talk(client: AsyncTcpClient) -> list[Event]:
        if not in_pieces:
            await client.write_event(Synthesize(text="---").event())
            return await read_until(client, "audio-stop")
        for event in (
            SynthesizeStart(),
            SynthesizeChunk(text="--"),
            SynthesizeChunk(text="-"),
            SynthesizeStop(),
        ):
            await client.write_event(event.event())
        return await read_until(client, "synthesize-stopped")

    assert samples_of(run(port, talk)) == b"\0" * 4800


@pytest.mark.parametrize(
    "event",
    [
        Event("synthesize"),
        Event("synthesize", {"text": 3}),
        Event("synthesize", {"text": "Hello.", "voice": "hibari_heart"}),
        Event("synthesize-start", {"voice": {"language": 3}}),
    ],
)
def test_an_invalid_event_is_an_error(port: int, event: Event) -> None:
    async def talk(client: AsyncTcpClient) -> Error:
        await client.write_event(event)
        (answer,) = await read_until(client, "error")
        return Error.from_event(answer)

    assert run(port, talk).code == "invalid_request"


@pytest.mark.parametrize("in_pieces", [False, True])
def test_an_error_is_told_and_ends_the_connection(port: int, in_pieces: bool) -> None:
    async def talk(client: AsyncTcpClient) -> Event | None:
        nobody = SynthesizeVoice(name="nobody")
        if in_pieces:
            for event in (SynthesizeStart(voice=nobody), SynthesizeChunk(text="Hello. "), SynthesizeStop()):
                await client.write_event(event.event())
        else:
            await client.write_event(Synthesize(text="Hello.", voice=nobody).event())
        (event,) = await read_until(client, "error")
        assert Error.from_event(event).code == "voice_not_found"
        return await client.read_event()

    assert run(port, talk) is None


def test_a_client_that_leaves_cancels_its_text(port: int, stack: Stack) -> None:
    async def talk(client: AsyncTcpClient) -> None:
        await client.write_event(SynthesizeStart(voice=SynthesizeVoice(name="fake")).event())
        await client.write_event(SynthesizeChunk(text="This one is left early. And so on. ").event())
        await read_until(client, "audio-chunk")

    run(port, talk)
    with httpx.Client(base_url=stack.url, trust_env=False) as service:
        job = service.get("/jobs").json()["items"][0]
        wait_for(
            lambda: service.get(f"/jobs/{job['job_id']}").json()["status"] == "cancelled",
            timeout_s=30,
            interval_s=0.25,
        )


def test_without_a_service_the_command_says_so(tmp_path: Path) -> None:
    ran = oratio("wyoming", "--url", f"http://127.0.0.1:{free_port()}", folder=tmp_path)
    assert ran.returncode == 1
    assert "No OratioViva service answers" in ran.stderr.replace("\n", " ")


def test_a_port_in_use_is_an_error(stack: Stack, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        ran = oratio("wyoming", "--uri", f"tcp://127.0.0.1:{taken}", "--url", stack.url, folder=tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.startswith(
        f"Port {taken} on 127.0.0.1 is in use by another program. Choose another with --uri"
    )


@pytest.mark.parametrize(
    ("language", "voice_id"), [("en-US", "us"), ("en_GB", "gb"), ("EN", "us"), ("fr-CA", "fr"), ("de", None)]
)
def test_a_language_chooses_a_voice(language: str, voice_id: str | None) -> None:
    voices = [
        Voice(id=name, languages=(tag,)) for name, tag in (("us", "en-US"), ("gb", "en-GB"), ("fr", "fr-FR"))
    ]
    assert voice_for(SynthesizeVoice(language=language), voices) == voice_id
