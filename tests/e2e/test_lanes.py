"""Bulk jobs leave threads and engines free for interactive ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.service import processes
from common.settings import Settings
from tests.support.fleet import WorkerFleet, fake_job, open_worker_fleet
from tests.support.waiting import wait_for


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[WorkerFleet]:
    """One worker with one engine process and four threads. Bulk jobs get two of them."""
    one_engine = settings.model_copy(update={"engines": 1})
    with open_worker_fleet(one_engine, tmp_path / "logs") as workers:
        command = processes.worker(one_engine, models=("fake", "stub"), name="worker", concurrency=4)
        workers.wait_announced(workers.start(command).pid)
        yield workers


def test_a_sentence_goes_before_the_bulk_jobs_that_wait(workers: WorkerFleet) -> None:
    bulk = [
        fake_job(f"[[slow:0.2]] Chapter {number}.", voice_id="fake", queue="fake.bulk")
        for number in range(12)
    ]
    most_running = 0

    def count(status: str) -> int:
        return [workers.row(job).status for job in bulk].count(status)

    def has_ended() -> bool:
        nonlocal most_running
        most_running = max(most_running, count("running"))
        return count("completed") == len(bulk)

    workers.submit(*bulk)
    wait_for(lambda: count("completed"))
    sentence = fake_job("A sentence.")
    workers.submit(sentence)
    assert workers.wait_ended(sentence).status == "completed"
    assert count("completed") <= len(bulk) // 2
    wait_for(has_ended)
    assert most_running <= 2
    assert {workers.row(job).attempts for job in bulk} == {1}
