"""deploy/nginx/oratio.conf, run by a real nginx before two small HTTP servers that stand for the gateways."""

import json
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from common.settings import Settings
from tests.support.gateway import run_gateway
from tests.support.nginx import DEPLOYED, SITE, nginx_binary, start_nginx

STREAMS = ("/jobs/x/events", "/jobs/x/stream", "/v1/audio/speech")


class FakeGateway(ThreadingHTTPServer):
    """Remembers what reached it. `/drop` hangs up in mid-request, streams hold their second chunk back."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), GatewayHandler)
        self.seen: list[str] = []
        self.drops = True
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
        self.server.seen.append(f"{self.command} {self.path}")
        if self.path == "/drop" and self.server.drops:
            self.close_connection = True
        elif "upgrade" in self.headers:
            self._speak_otherwise()
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

    def _speak_otherwise(self) -> None:
        """As after the handshake of a WebSocket: bytes both ways."""
        self.send_response(101)
        self.send_header("Upgrade", self.headers["Upgrade"])
        self.send_header("Connection", "Upgrade")
        self.end_headers()
        self.close_connection = True
        while said := self.rfile.readline():
            self.wfile.write(b"heard " + said)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def gateways() -> Iterator[tuple[FakeGateway, FakeGateway]]:
    with fake_gateway() as first, fake_gateway() as second:
        yield first, second


@pytest.fixture
def front(gateways: tuple[FakeGateway, FakeGateway], tmp_path: Path) -> Iterator[httpx.Client]:
    ports = [gateway.server_port for gateway in gateways]
    with (
        start_nginx(tmp_path, port=free_port(), gateway_ports=ports) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield client


@pytest.fixture
def front_of_nothing(tmp_path: Path) -> Iterator[httpx.Client]:
    ports = [free_port(), free_port()]
    with (
        start_nginx(tmp_path, port=free_port(), gateway_ports=ports) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield client


def error_of(response: httpx.Response) -> dict[str, object]:
    assert response.headers["content-type"] == "application/json"
    error: dict[str, object] = response.json()["error"]
    assert {"message", "type", "param", "code"} == set(error)
    return error


def test_requests_are_spread_over_both_gateways(
    front: httpx.Client, gateways: tuple[FakeGateway, FakeGateway]
) -> None:
    assert {front.get("/health").status_code for _ in range(20)} == {200}
    assert [len(gateway.seen) for gateway in gateways] == [10, 10]


def test_paths_and_hosts_arrive_as_they_were_sent(front: httpx.Client) -> None:
    answer = front.get("/jobs/a%2Fb?cursor=%2B1", headers={"X-Forwarded-Proto": "https"}).json()
    assert answer["path"] == "/jobs/a%2Fb?cursor=%2B1"
    assert answer["headers"]["host"] == f"{front.base_url.host}:{front.base_url.port}"
    assert answer["headers"]["x-forwarded-proto"] == "https"
    assert answer["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert "upgrade" not in answer["headers"]


def test_a_plain_request_id_is_passed_on_and_anything_else_replaced(front: httpx.Client) -> None:
    def arrived(headers: dict[str, str]) -> str:
        return str(front.get("/health", headers=headers).json()["headers"]["x-request-id"])

    assert arrived({"X-Request-ID": "my-request.1"}) == "my-request.1"
    assert re.fullmatch(r"[0-9a-f]{32}", arrived({}))
    assert re.fullmatch(r"[0-9a-f]{32}", arrived({"X-Request-ID": 'quoted" {"a": 1}'}))


@pytest.mark.parametrize(("method", "path"), list(zip(("GET", "GET", "POST"), STREAMS, strict=True)))
def test_a_stream_leaves_chunk_by_chunk(
    front: httpx.Client, gateways: tuple[FakeGateway, FakeGateway], method: str, path: str
) -> None:
    with front.stream(method, path, timeout=5) as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"data: first\n\n"  # while the gateway still holds the second
        for gateway in gateways:
            gateway.release.set()
        assert b"".join(chunks) == b"data: second\n\n"


def test_what_is_quiet_for_long_is_not_given_up() -> None:
    said = SITE.read_text()
    patterns = re.findall(r"location ~ (\S+) \{\n\s+proxy_read_timeout 1h;", said)
    for path in (*STREAMS, "/v1/audio/speech/stream"):
        assert any(re.search(pattern, path) for pattern in patterns), path
    for path in ("/v1/audio/voices", "/jobs/x", "/jobs/x/audio", "/synthesize"):
        assert not any(re.search(pattern, path) for pattern in patterns), path


def test_a_websocket_passes_both_ways(front: httpx.Client) -> None:
    asked = "GET /v1/audio/speech/stream HTTP/1.1\r\nHost: front\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with socket.create_connection((front.base_url.host, front.base_url.port or 80), timeout=5) as line:
        line.sendall(asked.encode())
        with line.makefile("rb") as answer:
            assert answer.readline().startswith(b"HTTP/1.1 101 ")
            headers = {head.strip().lower() for head in iter(answer.readline, b"\r\n")}
            assert b"upgrade: websocket" in headers
            for said in (b"one\n", b"two\n"):
                line.sendall(said)
                assert answer.readline() == b"heard " + said


@pytest.mark.parametrize("prefix", ["", "/speech"])
def test_the_studio_passes_below_a_prefix_too(settings: Settings, tmp_path: Path, prefix: str) -> None:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<p>The studio.</p>")
    (built / "assets" / "main-1.js").write_text("hello()")
    (built / "assets" / "main-1.js.br").write_bytes(b"as brotli")
    wanted = settings.model_copy(update={"frontend_dir": built, "root_path": prefix})
    with (
        run_gateway(wanted) as gateway,
        start_nginx(
            tmp_path / "nginx", port=free_port(), gateway_ports=[urlsplit(gateway.url).port or 0]
        ) as url,
        httpx.Client(base_url=url) as client,
    ):
        # A proxy before this one strips the prefix, or passes it on.
        for asked in {"", prefix}:
            assert client.get(f"{asked}/app").headers["location"] == f"{prefix}/app/"
            page = client.get(f"{asked}/app/")
            assert (page.status_code, page.text) == (200, "<p>The studio.</p>")
            assert "'nonce-" in page.headers["content-security-policy"]
            known = client.get(f"{asked}/app/", headers={"If-None-Match": page.headers["etag"]})
            assert known.status_code == 304
            with client.stream(
                "GET", f"{asked}/app/assets/main-1.js", headers={"Accept-Encoding": "br"}
            ) as file:
                assert b"".join(file.iter_raw()) == b"as brotli"
            assert file.headers["content-encoding"] == "br"
            assert "immutable" in file.headers["cache-control"]
            assert client.head(f"{asked}/app/assets/main-1.js").status_code == 200
            assert client.get(f"{asked}/app/..%2f..%2fetc/passwd").status_code in (400, 404)


def test_a_body_too_large_is_refused_in_the_one_error_shape(
    front: httpx.Client, gateways: tuple[FakeGateway, FakeGateway]
) -> None:
    assert front.post("/synthesize", content=b"x" * 2_000_001).status_code == 200  # for the gateway to refuse
    response = front.post("/synthesize", content=b"x" * 3_000_000, headers={"X-Request-ID": "big"})
    assert response.status_code == 413
    assert error_of(response)["code"] == "too_large"
    assert response.headers["x-request-id"] == "big"
    assert sum(len(gateway.seen) for gateway in gateways) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_any_gateway_the_answer_is_502_in_the_one_error_shape(
    front_of_nothing: httpx.Client, method: str
) -> None:
    response = front_of_nothing.request(method, "/jobs")
    assert response.status_code == 502
    assert error_of(response)["code"] == "gateway_unavailable"
    assert int(response.headers["retry-after"]) > 0
    assert response.headers["x-request-id"]


def test_an_error_of_the_gateway_passes_untouched(front: httpx.Client) -> None:
    response = front.get("/failed")
    assert response.status_code == 502
    assert response.json() == {"error": {"code": "engine_failed", "job_id": "x"}}


def test_a_post_that_was_sent_is_never_sent_to_another_gateway(
    front: httpx.Client, gateways: tuple[FakeGateway, FakeGateway]
) -> None:
    response = front.post("/drop", json={"text": "Hello."})
    assert response.status_code == 502
    assert error_of(response)["code"] == "gateway_unavailable"
    assert [seen for gateway in gateways for seen in gateway.seen] == ["POST /drop"]


def test_a_get_whose_gateway_hangs_up_is_answered_by_the_other(
    front: httpx.Client, gateways: tuple[FakeGateway, FakeGateway]
) -> None:
    gateways[1].drops = False
    assert {front.get("/drop").status_code for _ in range(4)} == {200}
    assert "GET /drop" in gateways[0].seen


def test_a_gateway_that_is_down_is_passed_over_even_for_posts(tmp_path: Path) -> None:
    with (
        fake_gateway() as alive,
        start_nginx(tmp_path, port=free_port(), gateway_ports=[free_port(), alive.server_port]) as url,
        httpx.Client(base_url=url) as client,
    ):
        assert {client.post("/synthesize", json={"text": str(n)}).status_code for n in range(10)} == {200}
        assert len(alive.seen) == 10


def test_the_log_holds_the_path_but_neither_query_nor_body(front: httpx.Client, tmp_path: Path) -> None:
    front.post("/synthesize?key=secret", content=b"A private text.", headers={"X-Request-ID": "logged"})
    front.get("/health")
    lines = [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]
    assert lines[0]["path"] == "/synthesize"
    assert lines[0]["request_id"] == "logged"
    assert lines[0]["status"] == 200
    assert not re.search("secret|private", (tmp_path / "access.log").read_text())


def test_the_main_file_of_the_container_is_accepted() -> None:
    binary = nginx_binary()
    said = subprocess.run([binary, "-v"], capture_output=True, text=True, check=True).stderr
    version = tuple(int(part) for part in said.rpartition("/")[2].split()[0].split("."))
    if version < (1, 27, 3):
        pytest.skip(f"nginx {version} does not know `resolve`; the image's nginx does")
    check = subprocess.run(
        [binary, "-t", "-c", str(DEPLOYED / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
