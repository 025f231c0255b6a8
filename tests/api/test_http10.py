"""Clients that speak HTTP/1.0, and players that first ask for two bytes."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from common.settings import Settings
from tests.support.gateway import RunningGateway, StandInWorker, run_gateway

HELLO = {"model": "tts-1", "voice": "alloy", "input": "Hello there.", "response_format": "wav"}


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings) as running, StandInWorker(running).running():
        yield running


def exchange(
    gateway: RunningGateway, method: str, path: str, body: Any = None
) -> tuple[dict[str, str], bytes]:
    """Send a request of HTTP/1.0 and read until the connection ends. Returns headers and body."""
    address = urlsplit(gateway.url)
    content = json.dumps(body).encode() if body is not None else b""
    lines = [f"{method} {path} HTTP/1.0", "Content-Type: application/json", f"Content-Length: {len(content)}"]
    with closing(socket.create_connection((address.hostname, address.port), timeout=20)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + content)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body_received = received.partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    assert status.split()[1] == "200", received
    return dict(field.lower().split(": ", 1) for field in fields), body_received


def test_a_stream_to_an_old_client_has_no_chunks_and_ends_with_the_connection(
    gateway: RunningGateway,
) -> None:
    headers, audio = exchange(gateway, "POST", "/v1/audio/speech", HELLO)
    assert "transfer-encoding" not in headers
    assert headers["connection"] == "close"
    stored = gateway.client.get(f"/jobs/{headers['x-oratio-job-id']}/audio").content
    assert audio[44:] == stored[44:]
    assert audio[:4] == b"RIFF"
    _, again = exchange(gateway, "GET", f"/jobs/{headers['x-oratio-job-id']}/stream")
    assert again == audio


def test_a_response_of_known_length_says_it_to_an_old_client(gateway: RunningGateway) -> None:
    headers, body = exchange(gateway, "GET", "/v1/models")
    assert int(headers["content-length"]) == len(body)
    assert json.loads(body)["object"] == "list"


@pytest.mark.parametrize("route", ["audio", "stream"])
def test_a_player_that_first_asks_for_two_bytes_gets_them(gateway: RunningGateway, route: str) -> None:
    """AVPlayer of iOS sends `Range: bytes=0-1`, and plays only what answers 206 with the right size."""
    spoken = gateway.client.post("/v1/audio/speech", json=HELLO)
    job = gateway.client.get(f"/jobs/{spoken.headers['x-oratio-job-id']}").json()
    path = job["audio_url"] if route == "audio" else f"/jobs/{job['job_id']}/stream"
    whole = gateway.client.get(job["audio_url"]).content
    for value, start, end in (("bytes=0-1", 0, 2), (f"bytes=0-{len(whole) - 1}", 0, len(whole))):
        response = gateway.client.get(path, headers={"Range": value})
        assert (response.status_code, response.content) == (206, whole[start:end])
        assert response.headers["content-range"] == f"bytes {start}-{end - 1}/{len(whole)}"
        assert response.headers["content-type"] == "audio/wav"
