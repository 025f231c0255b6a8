"""A stand-in for a gateway behind nginx: it returns what it received."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STREAMS = ("/jobs/x/events", "/jobs/x/stream", "/v1/audio/speech")


class FakeGateway(ThreadingHTTPServer):
    """Records its requests. `/drop` closes the connection without a response, and streams wait before the second chunk.

    `release` ends that wait.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), GatewayHandler)
        self.requests: list[str] = []
        self.drops_connections = True
        self.release = threading.Event()


class GatewayHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeGateway

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer()

    def _answer(self) -> None:
        self.server.requests.append(f"{self.command} {self.path}")
        if self.path == "/drop" and self.server.drops_connections:
            self.close_connection = True
        elif "upgrade" in self.headers:
            self._upgrade()
        elif self.path in STREAMS:
            self._stream()
        elif self.path == "/failed":
            self._send(502, {"error": {"code": "engine_failed", "job_id": "x"}})
        else:
            self._send(200, {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}})

    def _send(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._chunk(b"data: first\n\n")
        self.server.release.wait(timeout=10)
        self._chunk(b"data: second\n\n")
        self._chunk(b"")

    def _upgrade(self) -> None:
        """Switch protocols like a WebSocket server, then echo each line with a prefix."""
        self.send_response(101)
        self.send_header("Upgrade", self.headers["Upgrade"])
        self.send_header("Connection", "Upgrade")
        self.end_headers()
        self.close_connection = True
        while line := self.rfile.readline():
            self.wfile.write(b"echo " + line)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class has this name
        pass


@contextmanager
def fake_gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.release.set()
            server.shutdown()
            thread.join()
