"""A server on loopback with scripted responses, for failures that a real service shows only at the right moment."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True, slots=True)
class ScriptedResponse:
    """A response. With `cut` the connection breaks before the announced end of the body; without `status`, at once."""

    status: int | None = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ScriptedServer:
    """Gives the responses of each `METHOD /path` in order, and repeats the last one. Records all requests."""

    def __init__(self, answers: Mapping[str, list[ScriptedResponse]]) -> None:
        self._answers = {what: list(responses) for what, responses in answers.items()}
        self.requests: list[ReceivedRequest] = []
        self.url = ""

    def answer(self, request: ReceivedRequest) -> ScriptedResponse:
        self.requests.append(request)
        responses = self._answers.get(
            f"{request.method} {request.path.partition('?')[0]}", [ScriptedResponse(404)]
        )
        return responses.pop(0) if len(responses) > 1 else responses[0]

    def requests_to(self, path: str) -> list[ReceivedRequest]:
        return [one for one in self.requests if one.path.partition("?")[0] == path]


def json_response(body: Any, *, status: int = 200, **headers: str) -> ScriptedResponse:
    """Return a JSON response. Keyword arguments are headers: `retry_after` is Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ScriptedResponse(status, json.dumps(body).encode(), named)


def error_response(status: int, code: str, *, message: str = "No.", **headers: str) -> ScriptedResponse:
    error = {"message": message, "type": "t", "param": "text", "code": code}
    return json_response({"error": error}, status=status, **headers)


def event_stream(
    *responses: tuple[str | None, str | None, Any], cut: bool = False, **headers: str
) -> ScriptedResponse:
    """Return a response of server-sent events, each given as (id, name, data)."""
    lines = [
        f"id: {event_id}\n" * bool(event_id)
        + f"event: {name}\n" * bool(name)
        + f"data: {json.dumps(data)}\n\n"
        for event_id, name, data in responses
    ]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ScriptedResponse(200, "".join(lines).encode(), {"content-type": "text/event-stream"} | named, cut)


@contextmanager
def scripted_server(answers: Mapping[str, list[ScriptedResponse]]) -> Iterator[ScriptedServer]:
    health = {"GET /health": [json_response({"service": "oratioviva"})]}
    script = ScriptedServer(health | dict(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            names = {name.lower(): value for name, value in self.headers.items()}
            answer = script.answer(ReceivedRequest(self.command, self.path, names, body))
            self.close_connection = answer.cut or answer.status is None
            if answer.status is None:
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(answer.body) + 100 * answer.cut))
            self.end_headers()
            self.wfile.write(answer.body)

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        script.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
