"""Workers survive a Redis that refuses every write, and continue when it has room again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from common.settings import Settings
from tests.support.disks import can_mount
from tests.support.fleet import WorkerFleet, fake_job, open_worker_fleet
from tests.support.valkey import Valkey, running_valkey
from tests.support.waiting import wait_for


def start(workers: WorkerFleet) -> None:
    workers.start_worker()
    workers.start_ops()
    before = fake_job("Before.")
    workers.submit(before)
    assert workers.wait_ended(before).status == "completed"


def complete_accepted(workers: WorkerFleet, make_room: Callable[[], None]) -> None:
    """Jobs that are accepted meanwhile, without a message, are completed by the processes that were there before."""
    jobs = [fake_job(f"Accepted {number}.") for number in range(4)]
    workers.submit(*jobs, publish=False)
    make_room()
    for job in jobs:
        assert workers.wait_ended(job).status == "completed"
    assert [name for name, child in workers.children.items() if child.poll() is not None] == []


def settings_for(settings: Settings, server: Valkey) -> Settings:
    return settings.model_copy(update={"redis_url": server.url, "sweep_s": 0.5})


@pytest.mark.skipif(not can_mount(), reason="needs a small disk: mounting is not permitted here")
def test_a_full_disk_of_redis_ends_no_worker(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "valkey"
    folder.mkdir()
    with (
        running_valkey(folder, log_disk_mb=2) as server,
        open_worker_fleet(settings_for(settings, server), tmp_path / "logs") as workers,
    ):
        start(workers)
        server.fill_disk()
        wait_for(lambda: "MISCONF" in workers.log_of("worker-1") or workers.children["worker-1"].poll())
        complete_accepted(workers, server.free_disk)


def test_a_full_memory_of_redis_ends_no_worker(settings: Settings, valkey: Valkey, tmp_path: Path) -> None:
    with open_worker_fleet(settings_for(settings, valkey), tmp_path / "logs") as workers:
        start(workers)
        running = fake_job("[[slow:0.2]] A sentence that is spoken. " * 10)
        workers.submit(running)
        workers.wait_status(running, "running")
        valkey.fill()
        assert workers.wait_ended(running).status == "completed", "what runs goes on"
        complete_accepted(workers, valkey.make_room)
