"""The fleet of docker-compose.yml as processes on loopback loses and repeats no job when parts of it fail."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.support.topology import HOST, WORKERS, Topology
from tests.support.waiting import wait_for


def synthesize(fleet: Topology, text: str, **headers: str) -> httpx.Response:
    return fleet.client.post("/synthesize", json={"text": text}, headers=headers)


def submit(fleet: Topology, text: str) -> str:
    response = fleet.client.post("/synthesize?async_mode=true", json={"text": text})
    assert response.status_code == 202, response.text
    return str(response.json()["job_id"])


def get_job(fleet: Topology, job_id: str) -> Any:
    return fleet.client.get(f"/jobs/{job_id}").json()


def get_history(fleet: Topology) -> list[dict[str, Any]]:
    """Return the items of all pages."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = fleet.client.get("/history", params={"limit": 60} | ({"cursor": cursor} if cursor else {}))
        items += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return items


def get_engine_calls(fleet: Topology) -> dict[str, int]:
    """Return the engine calls of each worker from heartbeats after now. Workers send one every ten seconds."""
    now = datetime.now(UTC)

    def calls_by_worker() -> dict[str, int] | None:
        models = fleet.client.get("/models/status").json()["models"]
        workers = next(model["workers"] for model in models if model["alias"] == "hibari")
        fresh = [worker for worker in workers if datetime.fromisoformat(worker["heartbeat_at"]) > now]
        return {worker["id"]: worker["engine_calls"] for worker in fresh} if len(fresh) == WORKERS else None

    return wait_for(calls_by_worker, timeout_s=20, interval_s=0.2) or {}


def test_two_hundred_simultaneous_texts_are_each_spoken_once(fleet: Topology) -> None:
    texts = [f"Parcel number {number} has left the harbour." for number in range(200)]
    calls_before, files_before = get_engine_calls(fleet), fleet.files()
    requests_before = fleet.requests_by_gateway()
    with ThreadPoolExecutor(20) as clients:
        responses = list(clients.map(lambda text: synthesize(fleet, text), texts))

    assert {response.status_code for response in responses} == {200}
    jobs = [response.json() for response in responses]
    assert [job["text"] for job in jobs] == texts
    outcomes = {(job["status"], job["provider"], job["attempts"]) for job in jobs}
    assert outcomes == {("completed", "local", 1)}
    ids = {job["job_id"] for job in jobs}
    assert len(ids) == 200
    assert fleet.files() - files_before == {f"{job_id}.1.wav" for job_id in ids}

    recordings = [item for item in get_history(fleet) if item["job_id"] in ids]
    assert sorted(item["text"] for item in recordings) == sorted(texts)

    calls = {worker: count - calls_before[worker] for worker, count in get_engine_calls(fleet).items()}
    assert sum(calls.values()) == 200, calls
    assert len(calls) == 2
    assert min(calls.values()) > 20, calls
    requests = {
        gateway: count - requests_before.get(gateway, 0)
        for gateway, count in fleet.requests_by_gateway().items()
    }
    assert sum(requests.values()) == 200
    assert len(requests) == 2
    assert min(requests.values()) > 20, requests

    for item in recordings[::20]:
        assert_range_requests_work(fleet, item)


def assert_range_requests_work(fleet: Topology, item: dict[str, Any]) -> None:
    """Download the audio in two ranges through nginx, as a player that seeks does."""
    middle = item["size_bytes"] // 2
    first = fleet.client.get(item["audio_url"], headers={"Range": f"bytes=0-{middle - 1}"})
    etag = first.headers["etag"]
    second = fleet.client.get(item["audio_url"], headers={"Range": f"bytes={middle}-", "If-Range": etag})
    assert (first.status_code, second.status_code) == (206, 206)
    assert second.headers["content-range"] == f"bytes {middle}-{item['size_bytes'] - 1}/{item['size_bytes']}"
    audio = first.content + second.content
    assert hashlib.sha256(audio).hexdigest() == item["sha256"]
    assert audio == (fleet.data / "outputs" / "audio" / f"{item['job_id']}.1.wav").read_bytes()


def test_nginx_forwards_events_at_once(fleet: Topology) -> None:
    job_id = submit(fleet, "The tide comes in, and the tide goes out again. " * 60)
    with fleet.client.stream("GET", f"/jobs/{job_id}/events") as stream:
        lines = (line for line in stream.iter_lines() if line.startswith(("event: ", "data: ")))
        assert next(lines) == "event: snapshot"
        assert json.loads(next(lines).removeprefix("data: "))["status"] in ("queued", "running")
        names = (line.removeprefix("event: ") for line in lines if line.startswith("event: "))
        assert next(name for name in names if name == "progress")
        assert get_job(fleet, job_id)["status"] == "running"
        assert list(names)[-1] == "completed"
    assert get_job(fleet, job_id)["status"] == "completed"


def test_a_killed_gateway_loses_and_repeats_no_job(fleet: Topology) -> None:
    texts = [f"Ferry number {number} is on its way to the islands." for number in range(40)]
    files_before = fleet.files()
    failures: list[str] = []

    def synthesize_with_retries(text: str) -> dict[str, Any]:
        """Retry with the same idempotency key until the request succeeds."""

        def attempt() -> httpx.Response | None:
            try:
                response = synthesize(fleet, text, **{"Idempotency-Key": text})
            except httpx.RemoteProtocolError:  # killed between the head and the body of the response
                failures.append("connection lost")
                return None
            if response.status_code == 200:
                return response
            assert response.status_code in (502, 503), response.text
            assert int(response.headers["retry-after"]) > 0
            failures.append(response.json()["error"]["code"])
            return None

        response = wait_for(attempt, timeout_s=60, interval_s=0.3)
        assert response
        job: dict[str, Any] = response.json()
        return job

    with ThreadPoolExecutor(8) as clients:
        futures = [clients.submit(synthesize_with_retries, text) for text in texts]
        wait_for(lambda: sum(future.done() for future in futures) >= 8)
        fleet.kill("gateway-1")
        jobs = [future.result(90) for future in futures]
    try:
        assert failures, "no request was interrupted by the kill"
        ids = {job["job_id"] for job in jobs}
        assert len(ids) == 40
        assert {(job["status"], job["attempts"]) for job in jobs} == {("completed", 1)}
        recordings = [item for item in get_history(fleet) if item["text"] in texts]
        assert {item["job_id"] for item in recordings} == ids
        assert len(recordings) == 40
        assert fleet.files() - files_before == {f"{job_id}.1.wav" for job_id in ids}
    finally:
        fleet.start("gateway-1")
        wait_for(lambda: is_reachable(fleet, "gateway-1"))


def is_reachable(fleet: Topology, gateway: str) -> bool:
    try:
        httpx.get(f"http://{HOST}:{fleet.ports[gateway]}/health", trust_env=False)
    except httpx.TransportError:
        return False
    return True


def test_requests_fail_while_postgres_is_down_and_everything_continues_afterwards(fleet: Topology) -> None:
    pids = fleet.pids()
    running = submit(fleet, "This story was begun before the lights went out. " * 60)
    wait_for(lambda: get_job(fleet, running)["status"] == "running")
    fleet.postgres.stop()
    refusals = [synthesize(fleet, f"Nobody can write this down, try {number}.") for number in range(3)]
    for refusal in refusals:
        assert (refusal.status_code, refusal.json()["error"]["code"]) == (503, "database_unavailable")
        assert int(refusal.headers["retry-after"]) >= 1
        assert refusal.elapsed.total_seconds() < 10
    assert fleet.client.get("/ready").status_code == 503
    # The gateway caches the state of the workers for up to five seconds.
    wait_for(lambda: fleet.client.get("/health").json()["status"] == "degraded", timeout_s=10)
    wait_for(lambda: seconds_since(refusals[0]) > 5)

    fleet.postgres.start()
    job = wait_for(lambda: job_if_ok(synthesize(fleet, "The lights are on again.")), timeout_s=15)
    assert job["status"] == "completed"
    wait_for(lambda: get_job(fleet, running)["status"] == "completed", timeout_s=60)
    assert fleet.client.get("/ready").status_code == 200
    assert fleet.pids() == pids


def seconds_since(response: httpx.Response) -> float:
    date = datetime.strptime(response.headers["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    return (datetime.now(UTC) - date).total_seconds()


def job_if_ok(response: httpx.Response) -> Any:
    return response.json() if response.status_code == 200 else None


def test_logs_contain_neither_spoken_text_nor_passwords(fleet: Topology) -> None:
    synthesize(fleet, "Nobody shall read this sentence in a log.")
    logs = [*fleet.logs.glob("*.log"), *Path(fleet.folder / "nginx").glob("*.log")]
    assert len(logs) > 8
    for log in logs:
        content = log.read_text()
        for secret in ("Nobody shall read", "postgres0secret", "redis0secret"):
            assert secret not in content, log.name
