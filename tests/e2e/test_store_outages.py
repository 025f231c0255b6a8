"""A bucket that is away or hangs costs no job and holds no request."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.settings import Settings
from tests.support.fleet import fake_job, open_worker_fleet
from tests.support.gateway import run_gateway
from tests.support.s3 import S3Server, running_s3
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3(tmp_path_factory.mktemp("s3")) as started:
        yield started


@pytest.fixture
def in_bucket(settings: Settings, server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    # Short leases, so that the outage outlasts them within seconds.
    return settings.model_copy(update={"store_url": server.url, "lease_s": 2.0, "sweep_s": 0.5})


def test_no_job_fails_while_the_bucket_is_away(in_bucket: Settings, server: S3Server, tmp_path: Path) -> None:
    """Finished speech waits for as long as a lease. After that its job goes back to the queue, again and again."""
    with open_worker_fleet(in_bucket, tmp_path / "logs") as workers:
        workers.start_worker()
        workers.start_ops()
        before = fake_job("Before the outage.")
        workers.submit(before)
        assert workers.wait_ended(before).status == "completed"
        during = [fake_job(f"[[slow:0.2]] During the outage {number}.") for number in range(6)]
        server.kill()
        workers.submit(*during)
        wait_for(lambda: workers.log_of("worker-1").count("store_unavailable") >= len(during))
        server.start()
        for job in during:
            row = workers.wait_ended(job)
            assert (row.status, row.error_code) == ("completed", None)
        workers.signal("worker-1", signal.SIGTERM)
        assert workers.children["worker-1"].wait(30) == 0


def test_audio_from_a_frozen_bucket_is_answered_503(in_bucket: Settings, server: S3Server) -> None:
    with run_gateway(in_bucket) as gateway:
        job_id = gateway.submit()
        audio = gateway.complete(job_id)
        server.freeze()
        try:
            response = gateway.client.get(f"/jobs/{job_id}/audio")
        finally:
            server.resume()
        assert (response.status_code, response.json()["error"]["code"]) == (503, "store_unavailable")
        assert int(response.headers["Retry-After"]) >= 1
        assert gateway.client.get(f"/jobs/{job_id}/audio").content == audio
