"""A text that a client sends in pieces, and whose audio it gets while it still sends."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from cli.wyoming.service import Service, TextSession
from common.speakable_text import is_speakable

Play = Callable[[AsyncGenerator[bytes]], Awaitable[None]]


class IncomingText:
    """`play` sends audio to the client. The methods raise ClientError, and what `play` raises."""

    def __init__(self, service: Service, voice: str | None, play: Play) -> None:
        self._service = service
        self._voice = voice
        self._play = play
        self._held = ""
        self._spoken: TextSession | None = None
        self._playing: asyncio.Future[None] | None = None

    async def add(self, text: str) -> None:
        """Speak a piece. Text before the first word is held, because the service refuses a text without words."""
        if self._spoken is None or self._playing is None:
            self._held += text
            if is_speakable(self._held):
                await self._open()
            return
        if self._playing.done():
            await self._playing
        await self._spoken.send("input.text", text=text)

    async def finish(self) -> bool:
        """Wait until the whole text is spoken. Return whether there was anything to speak."""
        if self._spoken is None or self._playing is None:
            return False
        await self._spoken.send("input.done")
        await self._playing
        await self._spoken.close()
        return True

    async def close(self) -> None:
        """Stop speaking."""
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)
        if self._spoken is not None:
            await self._spoken.close()

    async def _open(self) -> None:
        self._spoken = await self._service.open_text(self._voice)
        self._playing = asyncio.ensure_future(self._play(self._spoken.audio()))
        await self._spoken.send("input.text", text=self._held)
