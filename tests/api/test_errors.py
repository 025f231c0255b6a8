"""Errors: all have the same shape and a request id, which the log contains too."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api import owner
from common.logs import configure_logs
from common.settings import Settings
from tests.support.gateway import RunningGateway, run_gateway


@pytest.fixture(scope="module")
def limits() -> dict[str, Any]:
    return {"max_body_bytes": 2000}


@pytest.fixture
def gateway(settings: Settings, limits: dict[str, Any]) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update=limits)) as running:
        yield running


def error_of(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert set(response.json()) == {"error"}
    error: dict[str, Any] = response.json()["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    return error


def test_unknown_paths_and_methods(gateway: RunningGateway) -> None:
    for path in ("/nothing", "/jobs/a/b/c", "/v1/nothing", "/docs/assets/..%2f..%2fapp.py", "/docs/assets/x"):
        assert error_of(gateway.client.get(path), 404)["type"] == "not_found_error"
    response = gateway.client.put("/jobs")
    assert error_of(response, 405)["code"] == "method_not_allowed"
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize(
    ("content", "content_type", "code"),
    [
        (b"{", "application/json", "invalid_json"),
        (b'{"text": "a",}', "application/json", "invalid_json"),
        (b"\xff\xfe", "application/json", "invalid_json"),
        (b'{"text": "\xff"}', "application/json", "invalid_body"),
        # The depth at which parsing fails depends on the Python version.
        (b"[" * 1500, "application/json", "invalid_body" if sys.version_info < (3, 13) else "invalid_json"),
        (b'{"text": "a", "seed": ' + b"9" * 1900 + b"}", "application/json", "invalid_request"),
        (b"[]", "application/json", "invalid_body"),
        (b'"text"', "application/json", "invalid_body"),
        (b"null", "application/json", "invalid_body"),
        (b"", "application/json", "invalid_body"),
        (b'{"text": "a"}', "text/plain", "invalid_body"),
        (b'{"text": "a"}', "", "invalid_body"),
        (b"text=a", "application/x-www-form-urlencoded", "invalid_body"),
    ],
)
def test_an_invalid_body(gateway: RunningGateway, content: bytes, content_type: str, code: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    error = error_of(gateway.client.post("/synthesize", content=content, headers=headers), 400)
    assert error["code"] == code
    assert error["message"]


def test_a_body_that_is_too_large_is_rejected_with_and_without_a_length(gateway: RunningGateway) -> None:
    headers = {"Content-Type": "application/json"}
    large = b'{"text": "' + b"a" * 3000 + b'"}'
    with_length = gateway.client.post("/synthesize", content=large, headers=headers)
    chunked = gateway.client.post("/synthesize", content=iter([large[:1500], large[1500:]]), headers=headers)
    for response in (with_length, chunked):
        assert error_of(response, 413)["code"] == "too_large"
    small = gateway.client.post(
        "/synthesize?async_mode=true", content=iter([b'{"text": ', b'"a"}']), headers=headers
    )
    assert small.status_code == 202
    # The limit also applies to unknown paths.
    assert error_of(gateway.client.post("/nothing", content=large), 413)["code"] == "too_large"


def test_an_invalid_query(gateway: RunningGateway) -> None:
    response = gateway.client.post("/synthesize", json={"text": "a"}, params={"async_mode": "perhaps"})
    assert error_of(response, 400)["param"] == "async_mode"


def test_an_unexpected_exception_is_a_500_in_the_same_shape(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A gateway without its state is a bug that no handler expects.
    monkeypatch.delattr(gateway.server.config.app.state, "gateway")  # type: ignore[union-attr]
    error = error_of(gateway.client.get("/jobs"), 500)
    assert (error["type"], error["code"]) == ("server_error", "internal_error")
    monkeypatch.undo()
    assert owner.OWNER == "local"


def test_only_well_formed_request_ids_are_kept(gateway: RunningGateway) -> None:
    assert (
        gateway.client.get("/health", headers={"X-Request-ID": "a.B-1_"}).headers["x-request-id"] == "a.B-1_"
    )
    for malformed in ("a b", "x" * 65, "<script>", ""):
        returned = gateway.client.get("/health", headers={"X-Request-ID": malformed}).headers["x-request-id"]
        assert returned not in (malformed, "")


def test_every_request_is_logged_without_its_text(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    configure_logs(level="INFO", process="gateway")
    monkeypatch.setattr(sys, "stderr", output)
    for handler in root.handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(output)
    try:
        with run_gateway(settings) as gateway:
            job_id = gateway.submit(text="A most secret text.")
            gateway.client.get("/jobs?voice_id=secret_voice", headers={"X-Request-ID": "mine"})
            gateway.client.get(f"/jobs/{job_id}")
            gateway.client.head(f"/jobs/{job_id}/events/")
            gateway.post(text="secret " * 50, speed=99.0)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    # A line is written after its response, perhaps after the line of the next request.
    assert {(line["method"], line["path"], line["status"]): line["job_id"] for line in requests} == {
        ("POST", "/synthesize", 202): job_id,
        ("GET", "/jobs", 200): None,
        ("GET", "/jobs/{job_id}", 200): job_id,
        ("HEAD", "/jobs/{job_id}/events", 200): job_id,
        ("POST", "/synthesize", 400): None,
    }
    assert [line["path"] for line in requests if line["request_id"] == "mine"] == ["/jobs"]
    assert all(line["duration_ms"] > 0 for line in requests)
    assert "secret" not in output.getvalue()


def test_the_documentation_loads_nothing_from_other_hosts(gateway: RunningGateway) -> None:
    assert gateway.client.get("/").headers["location"] == "/docs"
    for page in ("/docs", "/redoc"):
        html = gateway.client.get(page)
        assert html.status_code == 200
        assert "://" not in html.text.replace("window.location.origin", "")
        assert "default-src 'self'" in html.headers["content-security-policy"]
        assets = [piece.split('"')[0] for piece in html.text.split('"/docs/assets/')[1:]]
        assert assets
        for name in assets:
            assert gateway.client.get(f"/docs/assets/{name}").status_code == 200


def test_the_openapi_document_has_no_422_and_the_schema_of_every_error(gateway: RunningGateway) -> None:
    schema = gateway.client.get("/openapi.json").json()
    text = json.dumps(schema)
    assert '"422"' not in text
    assert "HTTPValidationError" not in text
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                if int(status) < 400 or path == "/ready":
                    continue
                shape = response["content"]["application/json"]["schema"]
                assert shape == {"$ref": "#/components/schemas/ErrorResponse"}, (path, method, status)
    speech = schema["paths"]["/synthesize"]["post"]["responses"]
    assert {"200", "202", "400", "404", "409", "410", "413", "502", "503", "504", "507"} == set(speech)
    assert schema["components"]["schemas"]["SynthesisRequest"]["examples"]


def test_the_openapi_document_has_507_for_requests_that_write_to_the_database(
    gateway: RunningGateway,
) -> None:
    only_read = {"/export/zip", "/models/warm", "/models/unload"}
    for path, operations in gateway.client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            writes = method != "get" and path not in only_read
            assert ("507" in operation["responses"]) == writes, (method, path)
