"""HTTP/1.0 clients, which do not know chunked encoding: a body of unknown length ends with the connection."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


def unchunked(app: ASGIApp, cycle_of: Callable[[], RequestResponseCycle]) -> ASGIApp:
    """Make Uvicorn send a body of unknown length as it is."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        cycle = cycle_of()
        has_length = True

        async def send_unchunked(message: Message) -> None:
            nonlocal has_length
            if message["type"] == "http.response.start":
                has_length = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
            if not has_length:
                cycle.chunked_encoding = False
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        await app(scope, receive, send_unchunked)

    return respond
