"""The fleet of docker-compose.yml as processes on loopback: nothing lost, nothing twice, whatever falls over."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.support.topology import HOST, WORKERS, Topology
from tests.support.waiting import wait_for


def speak(fleet: Topology, text: str, **headers: str) -> httpx.Response:
    return fleet.client.post("/synthesize", json={"text": text}, headers=headers)


def queue(fleet: Topology, text: str) -> str:
    answer = fleet.client.post("/synthesize?async_mode=true", json={"text": text})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def job(fleet: Topology, job_id: str) -> Any:
    return fleet.client.get(f"/jobs/{job_id}").json()


def history(fleet: Topology) -> list[dict[str, Any]]:
    """Every page of it."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = fleet.client.get("/history", params={"limit": 60} | ({"cursor": cursor} if cursor else {}))
        items += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return items


def engine_calls(fleet: Topology) -> dict[str, int]:
    """Of each worker, as it told after now: every worker tells every ten seconds."""
    asked_at = datetime.now(UTC)

    def told() -> dict[str, int] | None:
        models = fleet.client.get("/models/status").json()["models"]
        workers = next(model["workers"] for model in models if model["alias"] == "hibari")
        fresh = [w for w in workers if datetime.fromisoformat(w["heartbeat_at"]) > asked_at]
        return {w["id"]: w["engine_calls"] for w in fresh} if len(fresh) == WORKERS else None

    return wait_for(told, timeout_s=20, interval_s=0.2) or {}


def test_two_hundred_texts_at_once_are_each_spoken_once(fleet: Topology) -> None:
    texts = [f"Parcel number {number} has left the harbour." for number in range(200)]
    calls_before, files_before = engine_calls(fleet), fleet.files()
    served_before = fleet.requests_by_gateway()
    with ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(lambda text: speak(fleet, text), texts))

    assert {answer.status_code for answer in answers} == {200}
    jobs = [answer.json() for answer in answers]
    assert [spoken["text"] for spoken in jobs] == texts
    assert {(j["status"], j["provider"], j["attempts"]) for j in jobs} == {("completed", "local", 1)}
    ids = {spoken["job_id"] for spoken in jobs}
    assert len(ids) == 200
    assert fleet.files() - files_before == {f"{job_id}.1.wav" for job_id in ids}

    recorded = [item for item in history(fleet) if item["job_id"] in ids]
    assert sorted(item["text"] for item in recorded) == sorted(texts)

    calls = {worker: count - calls_before[worker] for worker, count in engine_calls(fleet).items()}
    assert sum(calls.values()) == 200, calls
    assert len(calls) == 2
    assert min(calls.values()) > 20, calls
    served = {name: n - served_before.get(name, 0) for name, n in fleet.requests_by_gateway().items()}
    assert sum(served.values()) == 200
    assert len(served) == 2
    assert min(served.values()) > 20, served

    for item in recorded[::20]:
        ranged_download_is_whole(fleet, item)


def ranged_download_is_whole(fleet: Topology, item: dict[str, Any]) -> None:
    """In two parts through nginx, as a player that seeks."""
    middle = item["size_bytes"] // 2
    head = fleet.client.get(item["audio_url"], headers={"Range": f"bytes=0-{middle - 1}"})
    etag = head.headers["etag"]
    tail = fleet.client.get(item["audio_url"], headers={"Range": f"bytes={middle}-", "If-Range": etag})
    assert (head.status_code, tail.status_code) == (206, 206)
    assert tail.headers["content-range"] == f"bytes {middle}-{item['size_bytes'] - 1}/{item['size_bytes']}"
    audio = head.content + tail.content
    assert hashlib.sha256(audio).hexdigest() == item["sha256"]
    assert audio == (fleet.data / "outputs" / "audio" / f"{item['job_id']}.1.wav").read_bytes()


def test_events_leave_nginx_as_they_come(fleet: Topology) -> None:
    job_id = queue(fleet, "The tide comes in, and the tide goes out again. " * 60)
    with fleet.client.stream("GET", f"/jobs/{job_id}/events") as stream:
        lines = (line for line in stream.iter_lines() if line.startswith(("event: ", "data: ")))
        assert next(lines) == "event: snapshot"
        assert json.loads(next(lines).removeprefix("data: "))["status"] in ("queued", "running")
        names = (line.removeprefix("event: ") for line in lines if line.startswith("event: "))
        assert next(name for name in names if name == "progress")
        assert job(fleet, job_id)["status"] == "running"
        assert list(names)[-1] == "completed"
    assert job(fleet, job_id)["status"] == "completed"


def test_a_gateway_killed_in_the_middle_loses_and_doubles_nothing(fleet: Topology) -> None:
    texts = [f"Ferry number {number} is on its way to the islands." for number in range(40)]
    files_before = fleet.files()
    refused: list[str] = []

    def speak_in_the_end(text: str) -> dict[str, Any]:
        """As a client that tries again with the same key until it is served."""

        def tried() -> httpx.Response | None:
            try:
                answer = speak(fleet, text, **{"Idempotency-Key": text})
            except httpx.RemoteProtocolError:  # it was killed between the head of its answer and the rest
                refused.append("cut")
                return None
            if answer.status_code == 200:
                return answer
            assert answer.status_code in (502, 503), answer.text
            assert int(answer.headers["retry-after"]) > 0
            refused.append(answer.json()["error"]["code"])
            return None

        served = wait_for(tried, timeout_s=60, interval_s=0.3)
        assert served
        spoken: dict[str, Any] = served.json()
        return spoken

    with ThreadPoolExecutor(8) as clients:
        asked = [clients.submit(speak_in_the_end, text) for text in texts]
        wait_for(lambda: sum(answer.done() for answer in asked) >= 8)
        fleet.kill("gateway-1")
        jobs = [answer.result(90) for answer in asked]
    try:
        assert refused, "the kill met nobody"
        ids = {spoken["job_id"] for spoken in jobs}
        assert len(ids) == 40
        assert {(spoken["status"], spoken["attempts"]) for spoken in jobs} == {("completed", 1)}
        recorded = [item for item in history(fleet) if item["text"] in texts]
        assert {item["job_id"] for item in recorded} == ids
        assert len(recorded) == 40
        assert fleet.files() - files_before == {f"{job_id}.1.wav" for job_id in ids}
    finally:
        fleet.start("gateway-1")
        wait_for(lambda: answers(fleet, "gateway-1"))


def answers(fleet: Topology, gateway: str) -> bool:
    try:
        httpx.get(f"http://{HOST}:{fleet.ports[gateway]}/health", trust_env=False)
    except httpx.TransportError:
        return False
    return True


def test_postgres_gone_for_five_seconds_is_a_503_and_then_as_if_nothing_was(fleet: Topology) -> None:
    pids = fleet.pids()
    underway = queue(fleet, "This story was begun before the lights went out. " * 60)
    wait_for(lambda: job(fleet, underway)["status"] == "running")
    fleet.postgres.stop()
    refusals = [speak(fleet, f"Nobody can write this down, try {number}.") for number in range(3)]
    for refusal in refusals:
        assert (refusal.status_code, refusal.json()["error"]["code"]) == (503, "database_unavailable")
        assert int(refusal.headers["retry-after"]) >= 1
        assert refusal.elapsed.total_seconds() < 10
    assert fleet.client.get("/ready").status_code == 503
    # What it says of its fleet may be five seconds old.
    wait_for(lambda: fleet.client.get("/health").json()["status"] == "degraded", timeout_s=10)
    wait_for(lambda: seconds_since(refusals[0]) > 5)

    fleet.postgres.start()
    again = wait_for(lambda: served(speak(fleet, "The lights are on again.")), timeout_s=15)
    assert again["status"] == "completed"
    wait_for(lambda: job(fleet, underway)["status"] == "completed", timeout_s=60)
    assert fleet.client.get("/ready").status_code == 200
    assert fleet.pids() == pids


def seconds_since(answer: httpx.Response) -> float:
    said_at = datetime.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    return (datetime.now(UTC) - said_at).total_seconds()


def served(answer: httpx.Response) -> Any:
    return answer.json() if answer.status_code == 200 else None


def test_no_process_told_what_was_spoken_or_a_password(fleet: Topology) -> None:
    speak(fleet, "Nobody shall read this sentence in a log.")
    logs = [*fleet.logs.glob("*.log"), *Path(fleet.folder / "nginx").glob("*.log")]
    assert len(logs) > 8
    for log in logs:
        written = log.read_text()
        for secret in ("Nobody shall read", "postgres0secret", "redis0secret"):
            assert secret not in written, log.name
