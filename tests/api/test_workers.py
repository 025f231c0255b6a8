"""GET /workers: workers and queues, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from common import worker_registry
from common.db.database import clock
from common.db.tables import Worker
from common.jobs import lease
from common.jobs.queries import COUNT_MAX
from common.settings import Settings
from common.worker_registry import ALIVE_WITHIN_S, Announcement, ServedWeights, WorkerStats
from tests.support.backlogs import queue_many
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.rows import new_job

TORCH = Announcement(
    id="mms@there:7",
    flavour="torch",
    version="0.1.0",
    device="cuda:0",
    pid=7,
    served=(
        ServedWeights(
            model="mms", weights="mms_fra", voices=("fra",), loaded=True, in_use=True, memory_bytes=300
        ),
        ServedWeights(model="mms", weights="mms_deu", trouble="It is broken."),
    ),
    formats=("wav", "mp3"),
    stats=WorkerStats(memory_bytes=2_000_000_000, engines=3),
)
OPS = Announcement(id="ops@there:8", flavour="ops", version="0.1.0", device="cpu", pid=8)


@pytest.fixture
def gateway(settings: Settings, database_url: str) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update={"database_url": database_url})) as running:
        yield running


def announce(gateway: RunningGateway, *announcements: Announcement) -> None:
    for announcement in announcements:
        with gateway.database.write() as connection:
            worker_registry.announce(connection, announcement)


def get_workers(gateway: RunningGateway) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return workers by id and queues by name."""
    response = gateway.client.get("/workers")
    assert response.status_code == 200, response.text
    body = response.json()
    return (
        {worker["id"]: worker for worker in body["workers"]},
        {queue["queue"]: queue for queue in body["queues"]},
    )


def test_a_worker_is_shown_with_all_fields(gateway: RunningGateway) -> None:
    announce(gateway, TORCH, OPS)
    workers, _ = get_workers(gateway)
    assert set(workers) == {"stand-in", TORCH.id, OPS.id}
    torch = workers[TORCH.id]
    assert (torch["alive"], torch["stopped"], torch["flavour"], torch["device"]) == (
        True,
        False,
        "torch",
        "cuda:0",
    )
    assert (torch["pid"], torch["memory_bytes"], torch["formats"]) == (7, 2_000_000_000, ["wav", "mp3"])
    assert torch["started_at"] <= torch["heartbeat_at"]
    assert torch["engine_processes"] == 3
    french, german = torch["models"]
    assert french == {
        "model": "mms",
        "weights": "mms_fra",
        "voices": ["fra"],
        "loaded": True,
        "in_use": True,
        "memory_bytes": 300,
        "trouble": None,
    }
    assert (german["loaded"], german["memory_bytes"], german["trouble"]) == (False, 0, "It is broken.")
    ops = workers[OPS.id]
    assert (ops["flavour"], ops["models"], ops["engine_processes"]) == ("ops", [], 0)


def test_a_worker_without_models_has_no_engine_processes(gateway: RunningGateway) -> None:
    inference = ServedWeights(model="inference", weights="inference", voices=("*",))
    announce(gateway, replace(TORCH, served=(inference,)))
    assert get_workers(gateway)[0][TORCH.id]["engine_processes"] == 0


def test_stopped_and_silent_workers_differ(gateway: RunningGateway) -> None:
    announce(gateway, TORCH, OPS)
    with gateway.database.write() as connection:
        worker_registry.retire(connection, OPS.id)
        silent = update(Worker).where(Worker.id == TORCH.id)
        connection.execute(silent.values(heartbeat_at=clock(connection) - ALIVE_WITHIN_S - 1))
    workers, queues = get_workers(gateway)
    assert (workers[OPS.id]["alive"], workers[OPS.id]["stopped"]) == (False, True)
    assert (workers[TORCH.id]["alive"], workers[TORCH.id]["stopped"]) == (False, False)
    assert workers[TORCH.id]["engine_processes"] == 0
    # Its models are not loaded any more, and its queues have no worker.
    assert [model["loaded"] for model in workers[TORCH.id]["models"]] == [False, False]
    assert set(queues) == {
        f"{weights}.{lane}" for weights in ("hibari", "stub") for lane in ("interactive", "bulk")
    }


def test_a_worker_lists_the_parts_it_is_speaking(gateway: RunningGateway) -> None:
    running_id, queued_id = gateway.submit(text="Spoken now."), gateway.submit()
    claim = gateway.claim(running_id)
    with gateway.database.write() as connection:
        assert lease.report_progress(connection, claim, done=2, total=5)
    workers, queues = get_workers(gateway)
    [part] = workers["stand-in"]["holding"]
    job = gateway.client.get(f"/jobs/{running_id}").json()
    assert (part["job_id"], part["part_id"]) == (running_id, f"{running_id}.0")
    assert (part["voice_id"], part["model"], part["chars"]) == ("hibari_heart", "hibari", 11)
    assert (part["segments_done"], part["segments_total"]) == (2, 5)
    assert part["started_at"] == job["started_at"]
    assert part["lease_until"] > part["started_at"]
    hibari = queues["hibari.interactive"]
    assert (hibari["model"], hibari["lane"], hibari["workers"]) == ("hibari", "interactive", 1)
    assert (hibari["queued"], hibari["queued_is_at_least"], hibari["running"]) == (1, False, 1)
    assert hibari["oldest_at"] == gateway.client.get(f"/jobs/{queued_id}").json()["created_at"]
    gateway.client.post(f"/jobs/{running_id}/cancel")
    workers, queues = get_workers(gateway)
    assert (workers["stand-in"]["holding"], queues["hibari.interactive"]["running"]) == ([], 0)


def test_a_queue_without_workers_is_listed_while_it_is_not_empty(gateway: RunningGateway) -> None:
    announce(gateway, TORCH)
    assert get_workers(gateway)[1]["mms_fra.bulk"] == {
        "queue": "mms_fra.bulk",
        "model": "mms",
        "lane": "bulk",
        "queued": 0,
        "queued_is_at_least": False,
        "running": 0,
        "oldest_at": None,
        "workers": 1,
    }
    with gateway.database.write() as connection:
        worker_registry.retire(connection, TORCH.id)
    queue_many(gateway.database, new_job(queue="mms_fra.bulk", model="mms"), count=COUNT_MAX)
    _, queues = get_workers(gateway)
    assert "mms_fra.interactive" not in queues
    french = queues["mms_fra.bulk"]
    assert (french["workers"], french["queued"], french["queued_is_at_least"]) == (0, COUNT_MAX, True)
