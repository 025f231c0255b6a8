"""Heard while it is spoken, by the whole fleet: nginx, two gateways, real workers, and what befalls them."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import redis

from common.messaging import audio_window
from tests.support.topology import Topology
from tests.support.waiting import wait_for

SENTENCE = "The old lighthouse stood at the end of a long road, and nobody knew who had built it. "
HEAD_BYTES = 44


def queue(fleet: Topology, text: str, **body: Any) -> str:
    answer = fleet.client.post("/synthesize?async_mode=true", json={"text": text, **body})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def job(fleet: Topology, job_id: str) -> Any:
    return fleet.client.get(f"/jobs/{job_id}").json()


def listen(fleet: Topology, job_id: str, heard: bytearray, *, bytes_per_s: float = 1e9) -> None:
    """To the end, at most so fast while the job is under way."""
    with fleet.client.stream("GET", f"/jobs/{job_id}/stream") as answer:
        assert answer.status_code == 200
        for data in answer.iter_raw(16 * 1024):
            heard += data
            if bytes_per_s < 1e9 and job(fleet, job_id)["status"] != "completed":
                time.sleep(len(data) / bytes_per_s)


def stored(fleet: Topology, job_id: str) -> bytes:
    (path,) = (fleet.data / "outputs" / "audio").glob(f"{job_id}.*.wav")
    return path.read_bytes()


def gateways_of(fleet: Topology, job_id: str) -> set[str]:
    lines = map(json.loads, Path(fleet.folder / "nginx" / "access.log").read_text().splitlines())
    return {line["gateway"] for line in lines if line["path"] == f"/jobs/{job_id}/stream"}


def is_whole(fleet: Topology, job_id: str, *some: bytearray) -> None:
    file = stored(fleet, job_id)
    for heard in some:
        assert len(heard) == len(file)
        # Its sizes were not known when its head was heard.
        assert heard[HEAD_BYTES:] == file[HEAD_BYTES:]


def test_one_job_is_heard_at_once_through_two_gateways(fleet: Topology) -> None:
    job_id = queue(fleet, SENTENCE * 12)
    ears = [bytearray() for _ in range(4)]
    with ThreadPoolExecutor(len(ears)) as pool:
        listening = [pool.submit(listen, fleet, job_id, heard) for heard in ears]
        wait_for(lambda: all(len(heard) > HEAD_BYTES for heard in ears), timeout_s=60)
        assert job(fleet, job_id)["status"] == "running"
        for one in listening:
            one.result(120)
    is_whole(fleet, job_id, *ears)
    assert len(gateways_of(fleet, job_id)) == 2


def test_a_slow_listener_gets_all_and_redis_holds_little(fleet: Topology) -> None:
    job_id = queue(fleet, SENTENCE * 28)
    heard = bytearray()
    most = 0
    environment = fleet.environment("worker", "worker-1")
    key = audio_window.window_key(job_id, prefix=environment.get("ORATIO_QUEUE_PREFIX", "oratio"))
    with (
        redis.Redis.from_url(environment["ORATIO_REDIS_URL"]) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        listening = pool.submit(listen, fleet, job_id, heard, bytes_per_s=100_000)
        while job(fleet, job_id)["status"] != "completed":
            most = max(most, client.memory_usage(key, samples=0) or 0)
            time.sleep(0.2)
        assert not listening.done()
        listening.result(180)
    is_whole(fleet, job_id, heard)
    assert len(heard) > 6_000_000
    assert 1_000_000 < most < 2_100_000


def test_a_worker_that_is_killed_costs_time_and_no_byte(fleet: Topology) -> None:
    job_id = queue(fleet, SENTENCE * 16, seed=7)
    heard = bytearray()
    with ThreadPoolExecutor(1) as pool:
        listening = pool.submit(listen, fleet, job_id, heard)
        wait_for(lambda: len(heard) > 300_000, timeout_s=60)
        for worker in ("worker-1", "worker-2"):
            fleet.kill(worker)
        before = len(heard)
        assert job(fleet, job_id)["status"] == "running"
        for worker in ("worker-1", "worker-2"):
            fleet.start(worker)
        listening.result(180)
    assert job(fleet, job_id)["attempts"] == 2
    assert len(heard) > before
    is_whole(fleet, job_id, heard)
