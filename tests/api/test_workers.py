"""Workers and queues as the service tells them, on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from common import worker_registry
from common.db.database import clock
from common.db.tables import Worker
from common.jobs import lease
from common.jobs.queries import POSITION_MAX
from common.settings import Settings
from common.worker_registry import ALIVE_WITHIN_S, Announcement, ServedWeights, WorkerStats
from tests.support.backlogs import queue_many
from tests.support.gateway import Running, run_gateway
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
    stats=WorkerStats(memory_bytes=2_000_000_000),
)
OPS = Announcement(id="ops@there:8", flavour="ops", version="0.1.0", device="cpu", pid=8)


@pytest.fixture
def gateway(settings: Settings, database_url: str) -> Iterator[Running]:
    with run_gateway(settings.model_copy(update={"database_url": database_url})) as running:
        yield running


def announce(gateway: Running, *announcements: Announcement) -> None:
    for announcement in announcements:
        with gateway.database.write() as connection:
            worker_registry.announce(connection, announcement)


def look(gateway: Running) -> tuple[dict[str, Any], dict[str, Any]]:
    """Workers by id, queues by name."""
    answer = gateway.client.get("/workers")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return (
        {worker["id"]: worker for worker in told["workers"]},
        {queue["queue"]: queue for queue in told["queues"]},
    )


def test_a_worker_is_told_whole(gateway: Running) -> None:
    announce(gateway, TORCH, OPS)
    workers, _ = look(gateway)
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
    assert (workers[OPS.id]["flavour"], workers[OPS.id]["models"]) == ("ops", [])


def test_one_that_stopped_and_one_that_fell_silent_differ(gateway: Running) -> None:
    announce(gateway, TORCH, OPS)
    with gateway.database.write() as connection:
        worker_registry.retire(connection, OPS.id)
        silent = update(Worker).where(Worker.id == TORCH.id)
        connection.execute(silent.values(heartbeat_at=clock(connection) - ALIVE_WITHIN_S - 1))
    workers, queues = look(gateway)
    assert (workers[OPS.id]["alive"], workers[OPS.id]["stopped"]) == (False, True)
    assert (workers[TORCH.id]["alive"], workers[TORCH.id]["stopped"]) == (False, False)
    # What it had in memory is gone with it, and nobody takes from its queues.
    assert [model["loaded"] for model in workers[TORCH.id]["models"]] == [False, False]
    assert set(queues) == {
        f"{weights}.{lane}" for weights in ("hibari", "stub") for lane in ("interactive", "bulk")
    }


def test_what_a_worker_holds_is_what_it_speaks(gateway: Running) -> None:
    held_id, other_id = gateway.queue(text="Spoken now."), gateway.queue()
    claim = gateway.claim(held_id)
    with gateway.database.write() as connection:
        assert lease.report_progress(connection, claim, done=2, total=5)
    workers, queues = look(gateway)
    [holding] = workers["stand-in"]["holding"]
    job = gateway.client.get(f"/jobs/{held_id}").json()
    assert (holding["job_id"], holding["part_id"]) == (held_id, f"{held_id}.0")
    assert (holding["voice_id"], holding["model"], holding["chars"]) == ("hibari_heart", "hibari", 11)
    assert (holding["segments_done"], holding["segments_total"]) == (2, 5)
    assert holding["started_at"] == job["started_at"]
    assert holding["lease_until"] > holding["started_at"]
    hibari = queues["hibari.interactive"]
    assert (hibari["model"], hibari["lane"], hibari["workers"]) == ("hibari", "interactive", 1)
    assert (hibari["queued"], hibari["queued_is_at_least"], hibari["running"]) == (1, False, 1)
    assert hibari["oldest_at"] == gateway.client.get(f"/jobs/{other_id}").json()["created_at"]
    gateway.client.post(f"/jobs/{held_id}/cancel")
    workers, queues = look(gateway)
    assert (workers["stand-in"]["holding"], queues["hibari.interactive"]["running"]) == ([], 0)


def test_a_queue_that_nobody_takes_from_is_told_while_something_waits(gateway: Running) -> None:
    announce(gateway, TORCH)
    assert look(gateway)[1]["mms_fra.bulk"] == {
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
    queue_many(gateway.database, new_job(queue="mms_fra.bulk", model="mms"), count=POSITION_MAX)
    _, queues = look(gateway)
    assert "mms_fra.interactive" not in queues
    french = queues["mms_fra.bulk"]
    assert (french["workers"], french["queued"], french["queued_is_at_least"]) == (0, POSITION_MAX, True)
