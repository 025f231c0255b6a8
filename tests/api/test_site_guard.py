"""Requests of other sites: DNS rebinding, forms and scripts of foreign pages, WebSockets, CORS."""

import asyncio
import json
import socket
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.types import Message

from api.http.hosts import AllowedHosts
from api.site_guard import SiteGuard
from common.settings import Settings
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.routes import UNDOCUMENTED, WEBSOCKET, documented_routes, fill

APP = "https://app.example"
IDS: defaultdict[str, str] = defaultdict(lambda: "unknown")
ROUTES = [(method, fill(path, IDS)) for method, path in documented_routes()]
EVERY_ROUTE = [*ROUTES, *(("GET", path) for path in UNDOCUMENTED), ("GET", "/nothing"), ("POST", "/nothing")]
UNSAFE = [route for route in EVERY_ROUTE if route[0] != "GET"]
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
# The headers of a page of another site, from browsers new and old, and of one without an origin of its own.
FOREIGN_PAGES: list[dict[str, str]] = [
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "null"},
]


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings) as running:
        yield running


@contextmanager
def gateway_with(settings: Settings, **changes: Any) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update=changes)) as running:
        yield running


def code_of(response: httpx.Response) -> str:
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"]
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return str(error["code"])


def websocket_status(gateway: RunningGateway, **headers: str) -> int:
    """Open the WebSocket and return the status of the answer."""
    with gateway.client.stream("GET", WEBSOCKET, headers=UPGRADE | headers) as response:
        if response.status_code != 101:
            assert set(json.loads(response.read())["error"]) == {"message", "type", "param", "code"}
        return response.status_code


def test_every_route_refuses_a_foreign_host(gateway: RunningGateway) -> None:
    for host in ("evil.example", "evil.example:8000", "localhost.evil.example"):
        for method, path in EVERY_ROUTE:
            for sent in {method, "HEAD" if method == "GET" else method}:
                response = gateway.client.request(sent, path, headers={"Host": host})
                assert response.status_code == 421, (sent, path)
                if sent != "HEAD":
                    assert code_of(response) == "foreign_host"
        assert websocket_status(gateway, Host=host) == 421


def test_every_unsafe_route_refuses_pages_of_other_sites(gateway: RunningGateway) -> None:
    for page in FOREIGN_PAGES:
        for method, path in UNSAFE:
            response = gateway.client.request(method, path, headers=page)
            assert response.status_code == 403, (method, path, page)
            assert code_of(response) == "foreign_origin"


def test_forms_of_other_sites_change_nothing(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    gateway.complete(job_id)
    for page in FOREIGN_PAGES:
        for path in ("/maintenance/cleanup", "/models/download"):
            assert gateway.client.post(path, headers=page).status_code == 403
        assert gateway.client.delete(f"/jobs/{job_id}", headers=page).status_code == 403
    assert gateway.client.get(f"/jobs/{job_id}/audio").status_code == 200
    assert gateway.client.get("/models/status").json()["downloads"] == []


def test_the_websocket_refuses_pages_of_other_sites(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    for page in FOREIGN_PAGES:
        assert websocket_status(gateway, **page) == 403, page
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_servers_without_responses_to_websockets_close_them(settings: Settings) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def never(*_: Any) -> Any:
        raise AssertionError

    guard = SiteGuard(never, hosts=AllowedHosts(settings.allowed_host_names), origins=frozenset())
    scope = {"type": "websocket", "headers": [(b"host", b"evil.example")]}
    asyncio.run(guard(scope, never, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8:80", "localhost:1", "LOCALHOST.", "studio.localhost", "[::1]:80"]
)
def test_loopback_names_and_addresses_are_hosts_of_the_service(gateway: RunningGateway, host: str) -> None:
    own_page = {"Host": host, "Origin": f"http://{host.lower()}"}
    assert gateway.client.get("/health", headers={"Host": host}).status_code == 200
    assert gateway.client.post("/maintenance/cleanup", headers=own_page).status_code == 200
    assert websocket_status(gateway, **own_page) == 101


def test_the_studio_may_use_the_service_behind_a_proxy_that_changes_the_host(gateway: RunningGateway) -> None:
    page = {"Origin": "https://speech.example", "Sec-Fetch-Site": "same-origin"}
    assert gateway.client.post("/maintenance/cleanup", headers=page).status_code == 200


def test_pages_of_other_sites_may_link_to_the_service(gateway: RunningGateway) -> None:
    response = gateway.client.get("/docs", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /health HTTP/1.0\r\n\r\n", b"200"),  # old players send no host, and browsers always do
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", b"421"),
        (b"GET /health HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n\r\n", b"421"),
        (b"GET http://localhost/health HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
        (b"POST /maintenance/cleanup HTTP/1.0\r\nOrigin: https://evil.example\r\n\r\n", b"403"),
    ],
)
def test_requests_that_no_browser_sends(gateway: RunningGateway, head: bytes, status: bytes) -> None:
    address = urlsplit(gateway.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(head)
        assert connection.recv(12).endswith(status)


def test_named_hosts_are_allowed(settings: Settings) -> None:
    with gateway_with(settings, allowed_hosts="speech.example, other") as gateway:
        for host, status in (("speech.example", 200), ("Other:80", 200), ("a.speech.example", 421)):
            assert gateway.client.get("/health", headers={"Host": host}).status_code == status
        page = {"Host": "speech.example", "Origin": "https://speech.example"}
        assert gateway.client.post("/maintenance/cleanup", headers=page).status_code == 200
        assert (
            gateway.client.post("/maintenance/cleanup", headers=page | {"Host": "other"}).status_code == 403
        )


def test_a_star_allows_every_host_but_no_other_site(settings: Settings) -> None:
    with gateway_with(settings, allowed_hosts="*") as gateway:
        assert gateway.client.get("/health", headers={"Host": "evil.example"}).status_code == 200
        for page in FOREIGN_PAGES:
            assert gateway.client.post("/maintenance/cleanup", headers=page).status_code == 403


def test_pages_of_named_origins_may_use_every_route(settings: Settings) -> None:
    page = {"Origin": APP, "Sec-Fetch-Site": "cross-site"}
    with gateway_with(settings, cors_origins=f"{APP},http://localhost:3000") as gateway:
        for method, path in EVERY_ROUTE:
            asked = page | {
                "Access-Control-Request-Method": method,
                "Access-Control-Request-Headers": "content-type",
            }
            preflight = gateway.client.options(path, headers=asked)
            assert preflight.status_code == 200, (method, path)
            assert preflight.headers["access-control-allow-origin"] == APP
            assert method in preflight.headers["access-control-allow-methods"]
            assert preflight.headers["access-control-allow-headers"] == "content-type"
        for path in ("/jobs", "/jobs/unknown"):
            response = gateway.client.get(path, headers=page)
            assert response.headers["access-control-allow-origin"] == APP
            assert "Origin" in response.headers["vary"]
        assert websocket_status(gateway, **page) == 101


def test_pages_of_named_origins_can_read_the_headers_of_the_service(settings: Settings) -> None:
    with gateway_with(settings, cors_origins=APP) as gateway:
        job_id = gateway.submit()
        gateway.complete(job_id)
        response = gateway.client.get(f"/jobs/{job_id}/stream", headers={"Origin": APP})
    exposed = {name.lower() for name in response.headers["access-control-expose-headers"].split(", ")}
    assert {name for name in response.headers if name.startswith("x-oratio-")} <= exposed
    assert {"retry-after", "location", "x-request-id", "etag", "content-range"} <= exposed


@pytest.mark.parametrize("origins", ["", APP])
def test_other_origins_get_no_permission(settings: Settings, origins: str) -> None:
    page = {"Origin": "https://evil.example"}
    with gateway_with(settings, cors_origins=origins) as gateway:
        preflight = gateway.client.options("/jobs", headers=page | {"Access-Control-Request-Method": "GET"})
        assert preflight.status_code == 403
        assert code_of(preflight) == "foreign_origin"
        for response in (preflight, gateway.client.get("/jobs", headers=page)):
            assert "access-control-allow-origin" not in response.headers
        assert websocket_status(gateway, **page) == 403
