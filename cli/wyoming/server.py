"""The Wyoming server. Each connection has one handler, which gets one event after the other."""

import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from functools import partial
from typing import TypeVar

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe
from wyoming.server import AsyncEventHandler, AsyncServer
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped

from cli.client import ClientError, Voice
from cli.wyoming.incoming_text import IncomingText
from cli.wyoming.service import RATE_HZ, SAMPLE_BYTES, Service
from cli.wyoming.voices import describe, voice_for
from common.speakable_text import is_speakable

_Message = TypeVar("_Message", Synthesize, SynthesizeStart, SynthesizeChunk)
# The answer to a text with nothing to speak: 100 ms.
_SILENCE = b"\0\0" * (RATE_HZ // 10)


async def serve(uri: str, url: str) -> None:
    """Serve until SIGTERM. Raises OSError and ValueError if `uri` cannot be listened on."""
    service = Service.at(url)
    async with service.http:
        await AsyncServer.from_uri(uri).run(partial(Handler, service))


class Handler(AsyncEventHandler):
    """One connection of a client. After an error it ends, because clients wait for the end of the audio otherwise."""

    def __init__(self, service: Service, reader: StreamReader, writer: StreamWriter) -> None:
        super().__init__(reader, writer)
        self._service = service
        self._text: IncomingText | None = None

    async def run(self) -> None:
        with suppress(ConnectionError):  # a client may reset its connection while nothing is sent
            await super().run()

    async def handle_event(self, event: Event) -> bool:
        try:
            await self._handle(event)
        except ClientError as failure:
            sys.stderr.write(f"{failure.message} ({failure.code})\n")
            await self.write_event(Error(text=failure.message, code=failure.code).event())
            return False
        except ConnectionError:  # the client has left
            return False
        return True

    async def disconnect(self) -> None:
        if self._text is not None:
            await self._text.close()

    async def _handle(self, event: Event) -> None:
        """Other events are ignored, as the protocol says."""
        if Describe.is_type(event.type):
            await self.write_event(describe(await self._service.voices()).event())
        elif Synthesize.is_type(event.type):
            await self._speak(_read(Synthesize, event))
        elif SynthesizeStart.is_type(event.type):
            await self._start(_read(SynthesizeStart, event))
        elif SynthesizeChunk.is_type(event.type) and self._text is not None:
            await self._text.add(_read(SynthesizeChunk, event).text)
        elif SynthesizeStop.is_type(event.type) and self._text is not None:
            await self._stop(self._text)

    async def _speak(self, request: Synthesize) -> None:
        if self._text is not None:  # the whole text again, for servers that do not take it in pieces
            return
        voice = voice_for(request.voice, await self._voices_for(request))
        # The service refuses an empty text.
        samples = self._service.speak(request.text, voice) if is_speakable(request.text) else _silence()
        await self._play(samples)

    async def _start(self, request: SynthesizeStart) -> None:
        await self.disconnect()
        voice = voice_for(request.voice, await self._voices_for(request))
        self._text = IncomingText(self._service, voice, self._play)

    async def _stop(self, text: IncomingText) -> None:
        if not await text.finish():
            await self._play(_silence())
        self._text = None
        await self.write_event(SynthesizeStopped().event())

    async def _voices_for(self, request: Synthesize | SynthesizeStart) -> list[Voice]:
        """Return the voices to choose from, where only a language is asked for."""
        asks_for_language = request.voice is not None and request.voice.name is None
        return await self._service.voices() if asks_for_language else []

    async def _play(self, samples: AsyncGenerator[bytes]) -> None:
        """Send audio as it comes, in whole samples. It begins with the first sound."""
        held, begun = b"", False
        async with aclosing(samples):
            async for data in samples:
                if not begun:
                    await self.write_event(AudioStart(rate=RATE_HZ, width=SAMPLE_BYTES, channels=1).event())
                    begun = True
                held += data
                whole = len(held) - len(held) % SAMPLE_BYTES
                await self.write_event(_chunk(held[:whole]))
                held = held[whole:]
        await self.write_event(AudioStop().event())


def _read(kind: type[_Message], event: Event) -> _Message:
    """Raises ClientError for an event with invalid fields."""
    _check(event, needs_text=kind is not SynthesizeStart)
    message: _Message = kind.from_event(event)
    return message


def _check(event: Event, *, needs_text: bool) -> None:
    if needs_text and not isinstance(event.data.get("text"), str):
        raise ClientError(f"{event.type} needs a text.", "invalid_request")
    voice = event.data.get("voice", {})
    if not isinstance(voice, dict) or not all(isinstance(name, str | None) for name in voice.values()):
        raise ClientError(f"The voice of {event.type} is invalid.", "invalid_request")


def _chunk(samples: bytes) -> Event:
    return AudioChunk(rate=RATE_HZ, width=SAMPLE_BYTES, channels=1, audio=samples).event()


async def _silence() -> AsyncGenerator[bytes]:
    yield _SILENCE
