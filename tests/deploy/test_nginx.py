"""deploy/nginx/oratio.conf in a real nginx, in front of two fake gateways."""

import json
import os
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

from api.http.hosts import AllowedHosts
from common.settings import Settings
from tests.support.deployment import SERVICES
from tests.support.gateway import run_gateway
from tests.support.nginx import DEPLOYED, SITE, nginx_binary, start_nginx

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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def gateways() -> Iterator[tuple[FakeGateway, FakeGateway]]:
    with fake_gateway() as first, fake_gateway() as second:
        yield first, second


@pytest.fixture
def client(gateways: tuple[FakeGateway, FakeGateway], tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of an nginx in front of both gateways."""
    ports = [gateway.server_port for gateway in gateways]
    with (
        start_nginx(tmp_path, port=free_port(), gateway_ports=ports) as url,
        httpx.Client(base_url=url) as client,
    ):
        yield client


@pytest.fixture
def client_without_gateways(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of an nginx whose gateways are all down."""
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
    client: httpx.Client, gateways: tuple[FakeGateway, FakeGateway]
) -> None:
    assert {client.get("/health").status_code for _ in range(20)} == {200}
    assert [len(gateway.requests) for gateway in gateways] == [10, 10]


def test_paths_and_hosts_are_forwarded_unchanged(client: httpx.Client) -> None:
    forwarded = client.get("/jobs/a%2Fb?cursor=%2B1", headers={"X-Forwarded-Proto": "https"}).json()
    assert forwarded["path"] == "/jobs/a%2Fb?cursor=%2B1"
    assert forwarded["headers"]["host"] == f"{client.base_url.host}:{client.base_url.port}"
    assert forwarded["headers"]["x-forwarded-proto"] == "https"
    assert forwarded["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert "upgrade" not in forwarded["headers"]


@pytest.mark.parametrize(
    ("allowed_hosts", "host", "passes"),
    [
        ("", "localhost", True),
        ("", "LOCALHOST.:8000", True),
        ("", "studio.localhost:8000", True),
        ("", "10.0.0.7", True),
        ("", "[::1]:8000", True),
        ("", "evil.example", False),
        ("", "localhost.evil.example", False),
        ("", "127.0.0.1.evil.example", False),
        ("speech.example, Other,other", "speech.example:443", True),
        ("speech.example, Other,other", "other", True),
        ("speech.example", "evil.example", False),
        ("speech.example", "a.speech.example", False),
        ("speech.example", "speechxexample", False),
        ("*", "evil.example", True),
    ],
)
def test_only_names_of_the_service_are_forwarded(
    tmp_path: Path, allowed_hosts: str, host: str, *, passes: bool
) -> None:
    with (
        fake_gateway() as gateway,
        start_nginx(
            tmp_path, port=free_port(), gateway_ports=[gateway.server_port], allowed_hosts=allowed_hosts
        ) as url,
        httpx.Client(base_url=url) as client,
    ):
        for method, path in (("GET", "/health"), ("POST", "/synthesize"), ("GET", "/v1/audio/speech/stream")):
            response = client.request(method, path, headers={"Host": host})
            if passes:
                assert response.json()["headers"]["host"] == host
            else:
                assert response.status_code == 421
                assert error_of(response)["code"] == "foreign_host"
                assert not gateway.requests
        # The gateway decides in the same way.
        names = Settings(_env_file=None, allowed_hosts=allowed_hosts).allowed_host_names
        assert AllowedHosts(names).allows(host.encode()) is passes


def test_a_valid_request_id_is_forwarded_and_any_other_is_replaced(client: httpx.Client) -> None:
    def forwarded_id(headers: dict[str, str]) -> str:
        return str(client.get("/health", headers=headers).json()["headers"]["x-request-id"])

    assert forwarded_id({"X-Request-ID": "my-request.1"}) == "my-request.1"
    assert re.fullmatch(r"[0-9a-f]{32}", forwarded_id({}))
    assert re.fullmatch(r"[0-9a-f]{32}", forwarded_id({"X-Request-ID": 'quoted" {"a": 1}'}))


@pytest.mark.parametrize(("method", "path"), list(zip(("GET", "GET", "POST"), STREAMS, strict=True)))
def test_a_stream_is_forwarded_chunk_by_chunk(
    client: httpx.Client, gateways: tuple[FakeGateway, FakeGateway], method: str, path: str
) -> None:
    with client.stream(method, path, timeout=5) as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"data: first\n\n"  # the gateway has not sent the second chunk yet
        for gateway in gateways:
            gateway.release.set()
        assert b"".join(chunks) == b"data: second\n\n"


def test_only_streams_have_a_long_read_timeout() -> None:
    patterns = re.findall(r"location ~ (\S+) \{\n\s+proxy_read_timeout\s+1h;", SITE.read_text())
    for path in (*STREAMS, "/v1/audio/speech/stream"):
        for end in ("", "/"):
            assert any(re.search(pattern, path + end) for pattern in patterns), path
    for path in ("/v1/audio/voices", "/jobs/x", "/jobs/x/audio", "/synthesize"):
        assert not any(re.search(pattern, path) for pattern in patterns), path


def test_a_websocket_is_forwarded_in_both_directions(client: httpx.Client) -> None:
    request = (
        "GET /v1/audio/speech/stream HTTP/1.1\r\nHost: localhost\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    address = (client.base_url.host, client.base_url.port or 80)
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as response:
            assert response.readline().startswith(b"HTTP/1.1 101 ")
            headers = {header.strip().lower() for header in iter(response.readline, b"\r\n")}
            assert b"upgrade: websocket" in headers
            for line in (b"one\n", b"two\n"):
                connection.sendall(line)
                assert response.readline() == b"echo " + line


@pytest.mark.parametrize("prefix", ["", "/speech"])
def test_the_studio_is_served_with_and_without_a_path_prefix(
    settings: Settings, tmp_path: Path, prefix: str
) -> None:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<p>The studio.</p>")
    (built / "assets" / "main-1.js").write_text("hello()")
    (built / "assets" / "main-1.js.br").write_bytes(b"as brotli")
    settings = settings.model_copy(update={"frontend_dir": built, "root_path": prefix})
    with (
        run_gateway(settings) as gateway,
        start_nginx(
            tmp_path / "nginx", port=free_port(), gateway_ports=[urlsplit(gateway.url).port or 0]
        ) as url,
        httpx.Client(base_url=url) as client,
    ):
        # A proxy in front of this nginx may strip the prefix or forward it.
        for forwarded in {"", prefix}:
            assert client.get(f"{forwarded}/app").headers["location"] == f"{prefix}/app/"
            page = client.get(f"{forwarded}/app/")
            assert (page.status_code, page.text) == (200, "<p>The studio.</p>")
            assert "'nonce-" in page.headers["content-security-policy"]
            unchanged = client.get(f"{forwarded}/app/", headers={"If-None-Match": page.headers["etag"]})
            assert unchanged.status_code == 304
            with client.stream(
                "GET", f"{forwarded}/app/assets/main-1.js", headers={"Accept-Encoding": "br"}
            ) as file:
                assert b"".join(file.iter_raw()) == b"as brotli"
            assert file.headers["content-encoding"] == "br"
            assert "immutable" in file.headers["cache-control"]
            assert client.head(f"{forwarded}/app/assets/main-1.js").status_code == 200
            assert f'"{prefix}/openapi.json"' in client.get(f"{forwarded}/docs").text.replace("'", '"')
            cleanup = f"{forwarded}/maintenance/cleanup"
            assert client.post(cleanup, headers={"Origin": url}).status_code == 200
            assert client.post(cleanup, headers={"Origin": "https://evil.example"}).status_code == 403
            for path in (f"{forwarded}/app/", f"{forwarded}/docs"):
                assert client.get(path, headers={"Host": "evil.example"}).status_code == 421
            assert client.get(f"{forwarded}/app/..%2f..%2fetc/passwd").status_code in (400, 404)


def test_a_body_that_is_too_large_gets_an_error_in_the_api_format(
    client: httpx.Client, gateways: tuple[FakeGateway, FakeGateway]
) -> None:
    # nginx lets the gateway refuse bodies slightly above the limit.
    assert client.post("/synthesize", content=b"x" * 2_000_001).status_code == 200
    response = client.post("/synthesize", content=b"x" * 3_000_000, headers={"X-Request-ID": "big"})
    assert response.status_code == 413
    assert error_of(response)["code"] == "too_large"
    assert response.headers["x-request-id"] == "big"
    assert sum(len(gateway.requests) for gateway in gateways) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_gateway_the_response_is_a_502_in_the_api_format(
    client_without_gateways: httpx.Client, method: str
) -> None:
    response = client_without_gateways.request(method, "/jobs")
    assert response.status_code == 502
    assert error_of(response)["code"] == "gateway_unavailable"
    assert int(response.headers["retry-after"]) > 0
    assert response.headers["x-request-id"]


def test_an_error_of_the_gateway_is_forwarded_unchanged(client: httpx.Client) -> None:
    response = client.get("/failed")
    assert response.status_code == 502
    assert response.json() == {"error": {"code": "engine_failed", "job_id": "x"}}


def test_a_post_is_not_repeated_on_another_gateway(
    client: httpx.Client, gateways: tuple[FakeGateway, FakeGateway]
) -> None:
    response = client.post("/drop", json={"text": "Hello."})
    assert response.status_code == 502
    assert error_of(response)["code"] == "gateway_unavailable"
    assert [request for gateway in gateways for request in gateway.requests] == ["POST /drop"]


def test_a_get_is_repeated_on_the_other_gateway_if_the_first_disconnects(
    client: httpx.Client, gateways: tuple[FakeGateway, FakeGateway]
) -> None:
    gateways[1].drops_connections = False
    assert {client.get("/drop").status_code for _ in range(4)} == {200}
    assert "GET /drop" in gateways[0].requests


def test_a_gateway_that_is_down_is_skipped_even_for_posts(tmp_path: Path) -> None:
    with (
        fake_gateway() as alive,
        start_nginx(tmp_path, port=free_port(), gateway_ports=[free_port(), alive.server_port]) as url,
        httpx.Client(base_url=url) as client,
    ):
        assert {client.post("/synthesize", json={"text": str(n)}).status_code for n in range(10)} == {200}
        assert len(alive.requests) == 10


def test_the_access_log_has_the_path_but_no_query_and_no_body(client: httpx.Client, tmp_path: Path) -> None:
    client.post("/synthesize?key=secret", content=b"A private text.", headers={"X-Request-ID": "logged"})
    client.get("/health")
    lines = [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]
    assert lines[0]["path"] == "/synthesize"
    assert lines[0]["request_id"] == "logged"
    assert lines[0]["status"] == 200
    assert not re.search("secret|private", (tmp_path / "access.log").read_text())


def configure_as_container(folder: Path, allowed_hosts: str) -> Path:
    """Run the command of the container up to the start of nginx. Returns the folder of the configuration."""
    *shell, script = SERVICES["nginx"]["command"]
    configured = folder / "configured"
    script = script.replace("/etc/oratio", str(DEPLOYED)).replace("/tmp/oratio", str(configured))
    commands, start = script.rsplit("exec ", 1)
    assert f"nginx -c {configured}/nginx.conf" in start
    environment = {"PATH": os.environ["PATH"], "ORATIO_ALLOWED_HOSTS": allowed_hosts}
    subprocess.run([*shell, commands], env=environment, check=True)
    return configured


def test_the_container_configures_nginx_with_the_names_of_the_service(tmp_path: Path) -> None:
    assert "ORATIO_ALLOWED_HOSTS" in SERVICES["nginx"]["environment"]
    configured = configure_as_container(tmp_path, "speech.example,other")
    assert (configured / "hosts.conf").read_text() == '"~^speech\\.example$" 1;\n"~^other$" 1;\n'
    assert {path.name for path in DEPLOYED.glob("*.conf")} < {path.name for path in configured.iterdir()}


def test_nginx_accepts_the_main_configuration_of_the_container(tmp_path: Path) -> None:
    binary = nginx_binary()
    output = subprocess.run([binary, "-v"], capture_output=True, text=True, check=True).stderr
    version = tuple(int(part) for part in output.rpartition("/")[2].split()[0].split("."))
    if version < (1, 27, 3):
        pytest.skip(f"nginx {version} does not support `resolve`, which the image's nginx does")
    configured = configure_as_container(tmp_path, "speech.example")
    check = subprocess.run(
        [binary, "-t", "-c", str(configured / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
