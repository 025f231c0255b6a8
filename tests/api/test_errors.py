"""Whatever goes wrong, the answer has one shape, and says under which id the log knows it."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api import owner
from api.http import access_log
from common.settings import Settings
from common.telemetry import configure_logs
from tests.support.gateway import Running, run_gateway


@pytest.fixture(scope="module")
def limits() -> dict[str, Any]:
    return {"max_body_bytes": 2000}


@pytest.fixture
def gateway(settings: Settings, limits: dict[str, Any]) -> Iterator[Running]:
    with run_gateway(settings.model_copy(update=limits)) as running:
        yield running


def error_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert set(answer.json()) == {"error"}
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    return error


def test_paths_and_methods_that_there_are_not(gateway: Running) -> None:
    for path in ("/nothing", "/jobs/a/b/c", "/v1/nothing", "/docs/assets/..%2f..%2fapp.py", "/docs/assets/x"):
        assert error_of(gateway.client.get(path), 404)["type"] == "not_found_error"
    refused = gateway.client.put("/jobs")
    assert error_of(refused, 405)["code"] == "method_not_allowed"
    assert "GET" in refused.headers["allow"]


@pytest.mark.parametrize(
    ("content", "content_type", "code"),
    [
        (b"{", "application/json", "invalid_json"),
        (b'{"text": "a",}', "application/json", "invalid_json"),
        (b"\xff\xfe", "application/json", "invalid_json"),
        (b'{"text": "\xff"}', "application/json", "invalid_body"),
        # How deep is too deep to be read, and not just unfinished, depends on the interpreter.
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
def test_a_body_that_is_none(gateway: Running, content: bytes, content_type: str, code: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    error = error_of(gateway.client.post("/synthesize", content=content, headers=headers), 400)
    assert error["code"] == code
    assert error["message"]


def test_a_body_too_large_is_refused_however_it_comes(gateway: Running) -> None:
    headers = {"Content-Type": "application/json"}
    large = b'{"text": "' + b"a" * 3000 + b'"}'
    said = gateway.client.post("/synthesize", content=large, headers=headers)
    chunked = gateway.client.post("/synthesize", content=iter([large[:1500], large[1500:]]), headers=headers)
    for answer in (said, chunked):
        assert error_of(answer, 413)["code"] == "too_large"
    small = gateway.client.post(
        "/synthesize?async_mode=true", content=iter([b'{"text": ', b'"a"}']), headers=headers
    )
    assert small.status_code == 202
    # Also where nobody reads it.
    assert error_of(gateway.client.post("/nothing", content=large), 413)["code"] == "too_large"


def test_a_query_that_does_not_validate(gateway: Running) -> None:
    answer = gateway.client.post("/synthesize", json={"text": "a"}, params={"async_mode": "perhaps"})
    assert error_of(answer, 400)["param"] == "async_mode"


def test_what_nobody_expected_is_a_500_in_the_same_shape(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A gateway that lost its state: the kind of bug that no handler knows.
    monkeypatch.delattr(gateway.server.config.app.state, "gateway")  # type: ignore[union-attr]
    error = error_of(gateway.client.get("/jobs"), 500)
    assert (error["type"], error["code"]) == ("server_error", "internal_error")
    monkeypatch.undo()
    assert owner.OWNER == "local"


def test_a_request_keeps_a_plain_id_and_loses_any_other(gateway: Running) -> None:
    assert (
        gateway.client.get("/health", headers={"X-Request-ID": "a.B-1_"}).headers["x-request-id"] == "a.B-1_"
    )
    for odd in ("a b", "x" * 65, "<script>", ""):
        given = gateway.client.get("/health", headers={"X-Request-ID": odd}).headers["x-request-id"]
        assert given not in (odd, "")


def test_the_log_has_a_line_for_each_request_and_never_the_text(settings: Settings) -> None:
    said = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    configure_logs(level="INFO", process="gateway")
    access_log.configure()
    access = logging.getLogger("api.access")
    for handler in (*root.handlers, *access.handlers):
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(said)
    try:
        with run_gateway(settings) as gateway:
            job_id = gateway.queue(text="A most secret text.")
            gateway.client.get("/jobs?voice_id=secret_voice", headers={"X-Request-ID": "mine"})
            gateway.client.get(f"/jobs/{job_id}")
            gateway.post(text="secret " * 50, speed=99.0)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        access.handlers[:], access.propagate = [], True
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["path"], line["status"]) for line in requests] == [
        ("POST", "/synthesize", 202),
        ("GET", "/jobs", 200),
        ("GET", "/jobs/{job_id}", 200),
        ("POST", "/synthesize", 400),
    ]
    assert [line["job_id"] for line in requests] == [job_id, None, job_id, None]
    assert requests[1]["request_id"] == "mine"
    assert all(line["duration_ms"] > 0 for line in requests)
    assert "secret" not in said.getvalue()


def test_the_docs_load_nothing_from_elsewhere(gateway: Running) -> None:
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


def test_the_openapi_document_knows_no_422_and_every_error_by_its_shape(gateway: Running) -> None:
    schema = gateway.client.get("/openapi.json").json()
    text = json.dumps(schema)
    assert '"422"' not in text
    assert "HTTPValidationError" not in text
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if int(status) < 400 or path == "/ready":
                    continue
                shape = answer["content"]["application/json"]["schema"]
                assert shape == {"$ref": "#/components/schemas/ErrorResponse"}, (path, method, status)
    speech = schema["paths"]["/synthesize"]["post"]["responses"]
    assert {"200", "202", "400", "404", "409", "410", "413", "502", "503", "504"} == set(speech)
    assert schema["components"]["schemas"]["SynthesisRequest"]["examples"]
