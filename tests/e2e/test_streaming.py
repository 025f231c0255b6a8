"""Live audio streams through a whole fleet (nginx, two gateways, two workers), also while workers are killed."""

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
HEADER_BYTES = 44
UNLIMITED = 1e9


def submit(fleet: Topology, text: str, **body: Any) -> str:
    response = fleet.client.post("/synthesize?async_mode=true", json={"text": text, **body})
    assert response.status_code == 202, response.text
    return str(response.json()["job_id"])


def get_job(fleet: Topology, job_id: str) -> Any:
    return fleet.client.get(f"/jobs/{job_id}").json()


def read_stream(fleet: Topology, job_id: str, received: bytearray, *, bytes_per_s: float = UNLIMITED) -> None:
    """Read the stream of a job to its end into `received`. `bytes_per_s` limits the rate until the job is completed."""
    with fleet.client.stream("GET", f"/jobs/{job_id}/stream") as response:
        assert response.status_code == 200
        for data in response.iter_raw(16 * 1024):
            received += data
            if bytes_per_s < UNLIMITED and get_job(fleet, job_id)["status"] != "completed":
                time.sleep(len(data) / bytes_per_s)


def read_file(fleet: Topology, job_id: str) -> bytes:
    (path,) = (fleet.data / "outputs" / "audio").glob(f"{job_id}.*.wav")
    return path.read_bytes()


def gateways_of(fleet: Topology, job_id: str) -> set[str]:
    """Return the gateways that served the stream of a job."""
    lines = map(json.loads, Path(fleet.folder / "nginx" / "access.log").read_text().splitlines())
    return {line["gateway"] for line in lines if line["path"] == f"/jobs/{job_id}/stream"}


def assert_complete(fleet: Topology, job_id: str, *streams: bytearray) -> None:
    file = read_file(fleet, job_id)
    for received in streams:
        assert len(received) == len(file)
        # The header of a stream does not contain the length, because it is sent before the length is known.
        assert received[HEADER_BYTES:] == file[HEADER_BYTES:]


def test_four_clients_stream_one_job_through_two_gateways(fleet: Topology) -> None:
    job_id = submit(fleet, SENTENCE * 12)
    streams = [bytearray() for _ in range(4)]
    with ThreadPoolExecutor(len(streams)) as pool:
        readers = [pool.submit(read_stream, fleet, job_id, received) for received in streams]
        wait_for(lambda: all(len(received) > HEADER_BYTES for received in streams), timeout_s=60)
        assert get_job(fleet, job_id)["status"] == "running"
        for reader in readers:
            reader.result(120)
    assert_complete(fleet, job_id, *streams)
    assert len(gateways_of(fleet, job_id)) == 2


def test_a_slow_client_gets_all_bytes_while_redis_holds_only_a_window(fleet: Topology) -> None:
    job_id = submit(fleet, SENTENCE * 28)
    received = bytearray()
    max_window_bytes = 0
    environment = fleet.environment("worker", "worker-1")
    key = audio_window.window_key(job_id, prefix=environment.get("ORATIO_QUEUE_PREFIX", "oratio"))
    with (
        redis.Redis.from_url(environment["ORATIO_REDIS_URL"]) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        reader = pool.submit(read_stream, fleet, job_id, received, bytes_per_s=100_000)
        while get_job(fleet, job_id)["status"] != "completed":
            max_window_bytes = max(max_window_bytes, client.memory_usage(key, samples=0) or 0)
            time.sleep(0.2)
        assert not reader.done()
        reader.result(180)
    assert_complete(fleet, job_id, received)
    assert len(received) > 6_000_000
    assert 1_000_000 < max_window_bytes < 2_100_000


def test_a_stream_continues_without_loss_after_its_worker_is_killed(fleet: Topology) -> None:
    job_id = submit(fleet, SENTENCE * 16, seed=7)
    received = bytearray()
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read_stream, fleet, job_id, received)
        wait_for(lambda: len(received) > 300_000, timeout_s=60)
        for worker in ("worker-1", "worker-2"):
            fleet.kill(worker)
        size_before = len(received)
        assert get_job(fleet, job_id)["status"] == "running"
        for worker in ("worker-1", "worker-2"):
            fleet.start(worker)
        reader.result(180)
    assert get_job(fleet, job_id)["attempts"] == 2
    assert len(received) > size_before
    assert_complete(fleet, job_id, received)
