"""A server on loopback that answers by a script: what a real one does only when it breaks at the right moment."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """`cut`: the connection breaks behind the body, which was to be longer. None as `status`: it breaks at once."""

    status: int | None = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Script:
    """Answers of each `METHOD /path`, one after the other; the last one again and again."""

    def __init__(self, answers: Mapping[str, list[Answer]]) -> None:
        self._answers = {what: list(some) for what, some in answers.items()}
        self.heard: list[Heard] = []
        self.url = ""

    def answer(self, heard: Heard) -> Answer:
        self.heard.append(heard)
        some = self._answers.get(f"{heard.method} {heard.path.partition('?')[0]}", [Answer(404)])
        return some.pop(0) if len(some) > 1 else some[0]

    def of(self, path: str) -> list[Heard]:
        return [one for one in self.heard if one.path.partition("?")[0] == path]


def told(body: Any, *, status: int = 200, **headers: str) -> Answer:
    """JSON. `retry_after` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(body).encode(), named)


def refused(status: int, code: str, *, message: str = "No.", **headers: str) -> Answer:
    error = {"message": message, "type": "t", "param": "text", "code": code}
    return told({"error": error}, status=status, **headers)


def events(*some: tuple[str | None, str | None, Any], cut: bool = False, **headers: str) -> Answer:
    """Server-sent events of (id, name, data)."""
    lines = [
        f"id: {event_id}\n" * bool(event_id)
        + f"event: {name}\n" * bool(name)
        + f"data: {json.dumps(data)}\n\n"
        for event_id, name, data in some
    ]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(200, "".join(lines).encode(), {"content-type": "text/event-stream"} | named, cut)


@contextmanager
def serving(answers: Mapping[str, list[Answer]]) -> Iterator[Script]:
    health = {"GET /health": [told({"service": "oratioviva"})]}
    script = Script(health | dict(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            names = {name.lower(): value for name, value in self.headers.items()}
            answer = script.answer(Heard(self.command, self.path, names, body))
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
