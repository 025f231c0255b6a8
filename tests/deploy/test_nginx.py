"""deploy/nginx/oratio.conf in a real nginx, in front of two fake gateways."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from common.settings import Settings
from tests.support.fake_gateway import STREAMS, FakeGateway, fake_gateway
from tests.support.gateway import run_gateway
from tests.support.nginx import SITE, start_nginx
from tests.support.ports import free_port


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
