"""A fake provider of hosted inference on loopback. It answers POSTs from a script and records all requests."""

import io
import json
import socket
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import numpy as np
import soundfile


@dataclass(frozen=True)
class ReceivedRequest:
    """A request with lower-case header names; `body` is the parsed JSON of a POST."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any

    @property
    def text(self) -> str:
        return str(self.body["inputs"])


@dataclass(frozen=True)
class Answer:
    """An answer after `delay_s`. The connection closes after `cut_after_bytes` of the body."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    cut_after_bytes: int | None = None


def audio(
    kind: str = "wav", *, duration_s: float = 0.2, sample_rate_hz: int = 16_000, channels: int = 1
) -> Answer:
    """Return a tone as a valid file; `kind` is wav, flac or mp3."""
    seconds = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    tone = (0.3 * np.sin(2 * np.pi * 330 * seconds)).astype(np.float32)
    body = io.BytesIO()
    soundfile.write(body, np.stack([tone] * channels, axis=1), sample_rate_hz, format=kind.upper())
    return Answer(
        body=body.getvalue(), content_type={"mp3": "audio/mpeg"}.get(kind.lower(), f"audio/{kind.lower()}")
    )


def refused(status: int, message: str = "Invalid username or password.", **headers: str) -> Answer:
    """Return an error answer. An underscore in a header's name becomes a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps({"error": message}).encode(), headers=named)


def limited(retry_after: str) -> Answer:
    return refused(429, "rate limited", Retry_After=retry_after)


def loading(estimated_time_s: float = 20.0) -> Answer:
    return Answer(503, json.dumps({"error": "Model is loading", "estimated_time": estimated_time_s}).encode())


def odd_json() -> Answer:
    """Return an error with the status of a success."""
    return Answer(200, b'{"error": "weird"}')


def slow(delay_s: float) -> Answer:
    answer = audio()
    return Answer(body=answer.body, content_type=answer.content_type, delay_s=delay_s)


def cut(after_bytes: int = 0) -> Answer:
    answer = audio()
    return Answer(body=answer.body, content_type=answer.content_type, cut_after_bytes=after_bytes)


class FakeInference:
    """Use `with FakeInference() as provider:` and `provider.url`. Unscripted requests get the answer `usual`."""

    def __init__(self, usual: Answer | None = None) -> None:
        self.usual = usual or audio()
        self.requests: list[ReceivedRequest] = []
        self._scripted: deque[Answer] = deque()
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def spoken(self) -> list[str]:
        """The posted texts, in order."""
        return [request.text for request in self.requests if request.method == "POST"]

    def script(self, *answers: Answer) -> None:
        """Answer the next POSTs with these, in order."""
        with self._lock:
            self._scripted.extend(answers)

    def answer_to(self, request: ReceivedRequest) -> Answer:
        with self._lock:
            self.requests.append(request)
            if request.method == "GET":
                return _model_card(request.path)
            return self._scripted.popleft() if self._scripted else self.usual


def _model_card(path: str) -> Answer:
    """Return the hub's answer about a model, which the library requests before it posts to a provider."""
    if not path.startswith("/api/models/"):
        return refused(404, "not found")
    repo = path.removeprefix("/api/models/").split("?")[0]
    provider = {
        "provider": "hf-inference",
        "providerId": repo,
        "status": "live",
        "task": "text-to-speech",
    }
    card = {
        "id": repo,
        "pipeline_tag": "text-to-speech",
        "tags": [],
        "inference": "warm",
        "inferenceProviderMapping": [provider],
    }
    return Answer(body=json.dumps(card).encode())


class _Server(ThreadingHTTPServer):
    owner: FakeInference
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect: some scripts provoke that."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing."""

    def do_GET(self) -> None:
        self._serve(None)

    def do_POST(self) -> None:
        self._serve(json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null"))

    def _serve(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        owner = self.server.owner
        answer = owner.answer_to(ReceivedRequest(self.command, self.path, headers, body))
        if answer.delay_s and owner.closing.wait(answer.delay_s):
            self.close_connection = True
        elif answer.cut_after_bytes is None:
            self._send(answer, answer.body)
        else:
            self._cut(answer, answer.cut_after_bytes)

    def _send(self, answer: Answer, body: bytes) -> None:
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.content_type, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self, answer: Answer, after_bytes: int) -> None:
        if after_bytes:
            self._send(answer, answer.body[:after_bytes])
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True
