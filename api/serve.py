"""Run the gateway process: `python -m api.serve`."""

import asyncio
import math
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.http.protocol import HttpProtocol
from api.http.websocket_refusals import WebSocketProtocol
from api.openai.names import check_operator_voices
from common.addresses import is_loopback
from common.logs import configure_logs, get_logger
from common.settings import ANY_HOST, ANY_HOST_WARNING, INVALID_EXIT_CODE, Settings, get_settings

log = get_logger(__name__)

# Requests in progress have this long to end after a stop signal.
GRACE_S = 10
WS_MESSAGE_BYTES = 256 * 1024
# By default a thread keeps the interpreter for up to 5 ms. The thread of submissions would wait that long for the event
# loop several times per batch.
SWITCH_INTERVAL_S = 0.0005


class Server(uvicorn.Server):
    """Stops on SIGTERM or SIGINT, and exits with 0.

    It first drains for `drain_s`: it goes on as before, but GET /ready answers 503 and each response closes its
    connection, so that a proxy has none left. Then it listens no more, and requests in progress have `drain_s` again.
    After that all waits end, and requests have GRACE_S to finish. A second signal ends the drain.
    """

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self._app = app
        self._drain_s = settings.drain_s
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                loop="uvloop",
                http=HttpProtocol,
                ws=WebSocketProtocol,
                ws_max_size=WS_MESSAGE_BYTES,
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=math.ceil(settings.drain_s + GRACE_S),
                backlog=1024,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.draining = True
        self._loop.call_later(self._drain_s, self._stop_waiting)
        await self._stop_listening()
        await super().shutdown(sockets)
        # A client that does not read keeps its connection open, and the loop waits for all connections.
        connections = list(self.server_state.connections)
        for connection in connections:
            connection.transport.abort()
        if connections:
            await asyncio.sleep(0.1)

    async def _stop_listening(self) -> None:
        """Listen no more, but take the connections that the system has accepted: their clients may have sent a POST."""
        listeners = [
            socket.socket(fileno=os.dup(listener.fileno()))
            for server in self.servers
            for listener in server.sockets
        ]
        for server in self.servers:
            server.close()
        for listener in listeners:
            with listener:
                connections = list(_waiting_connections(listener))
            for connection in connections:
                await self._loop.connect_accepted_socket(self._open_protocol, connection)

    def _open_protocol(self) -> HttpProtocol:
        return HttpProtocol(self.config, self.server_state, self.lifespan.state, self._loop)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # the signature of a signal handler
        if self.should_exit:
            self.force_exit = True
        if self._app.state.draining or not self._drain_s:
            self._drain_s = 0.0
            self.should_exit = True
            self._loop.call_soon_threadsafe(self._stop_waiting)
        else:
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._app.state.draining = True
        self._loop.call_later(self._drain_s, self._begin_shutdown)

    def _begin_shutdown(self) -> None:
        self.should_exit = True

    def _stop_waiting(self) -> None:
        gateway = getattr(self._app.state, "gateway", None)
        if gateway is not None:
            gateway.event_bus.stop()


def _waiting_connections(listener: socket.socket) -> Iterator[socket.socket]:
    listener.setblocking(False)
    with suppress(OSError):  # BlockingIOError: none is left
        while True:
            connection, _ = listener.accept()
            connection.setblocking(False)
            yield connection


def main() -> None:
    settings = get_settings()
    if not (settings.allow_open or is_loopback(settings.host)):
        sys.stderr.write(
            f"Refusing to listen on {settings.host}: the service has no authentication, so anyone who can reach"
            " that address could use it. Listen on 127.0.0.1, or set ORATIO_ALLOW_OPEN=1 to allow it.\n"
        )
        sys.exit(2)
    try:
        check_operator_voices(settings)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(INVALID_EXIT_CODE)
    configure_logs(level=settings.log_level, process="gateway")
    if ANY_HOST in settings.allowed_host_names:
        log.warning(ANY_HOST_WARNING)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    Server(create_app(settings), settings).run()


if __name__ == "__main__":
    main()
