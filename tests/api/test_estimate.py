"""GET /estimate, on both databases."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert

from api.jobs.forecast import GUESS_S_PER_CHAR
from common import worker_registry
from common.db.tables import UsageHourly
from common.settings import Settings
from common.worker_registry import Announcement, ServedWeights
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.waiting import wait_for


@pytest.fixture
def gateway(settings: Settings, database_url: str) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update={"database_url": database_url})) as running:
        yield running


def estimate(gateway: RunningGateway, *, status: int = 200, **params: object) -> dict[str, Any]:
    response = gateway.client.get("/estimate", params={name: str(value) for name, value in params.items()})
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


def add_usage(
    gateway: RunningGateway,
    voice_id: str,
    *,
    chars: int,
    audio_s: float,
    synthesis_ms: float = 100.0,
    hours_ago: int = 0,
    provider: str = "local",
) -> None:
    """Add a rollup as jobs of this voice would."""
    row = {"owner": "local", "model": "hibari", "voice_id": voice_id, "provider": provider}
    amounts = {"completed": 1, "chars": chars, "audio_s": audio_s, "synthesis_ms": synthesis_ms}
    with gateway.database.write() as connection:
        hour = int(time.time() // 3600) - hours_ago
        connection.execute(insert(UsageHourly).values(hour=hour, **row, **amounts))


def test_without_usage_the_estimate_is_an_assumption(gateway: RunningGateway) -> None:
    assert estimate(gateway, chars=1500) == {
        "voice_id": "hibari_heart",
        "provider": "local",
        "chars": 1500,
        "duration_s": 100.0,
        "queue_position": 1,
        "queue_position_is_at_least": False,
        "wait_s": 0.0,
        "synthesis_s": round(1500 * GUESS_S_PER_CHAR, 3),
        "measured": False,
    }


def test_the_estimate_uses_the_voice_and_then_the_model(gateway: RunningGateway) -> None:
    gateway.announce(voices=("heart", "emma", "kore"))
    add_usage(gateway, "hibari_heart", chars=1000, audio_s=50.0)
    add_usage(gateway, "hibari_emma", chars=1000, audio_s=150.0, synthesis_ms=700.0)
    add_usage(gateway, "hibari_kore", chars=10**6, audio_s=1.0, hours_ago=48)
    add_usage(gateway, "hibari_kore", chars=10**6, audio_s=1.0, provider="stub")
    heart, emma, kore = (
        estimate(gateway, chars=2000, voice_id=f"hibari_{name}") for name in ("heart", "emma", "kore")
    )
    # Old usage and beeps do not count.
    assert [one["duration_s"] for one in (heart, emma, kore)] == [100.0, 300.0, 200.0]
    assert [one["measured"] for one in (heart, emma, kore)] == [True, True, True]
    assert heart["synthesis_s"] == pytest.approx(2000 * 0.8 / 2000)
    fast = estimate(gateway, chars=2000, voice_id="hibari_heart", speed=2)
    assert (fast["duration_s"], fast["synthesis_s"]) == (50.0, heart["synthesis_s"])


def test_the_estimated_wait_matches_that_of_a_job(gateway: RunningGateway) -> None:
    add_usage(gateway, "hibari_heart", chars=100, audio_s=6.0, synthesis_ms=10_000.0)
    for lane in ("interactive", "bulk", "bulk"):
        gateway.submit(text="Spoken before. " * 20, priority=lane)
    gateway.claim(gateway.submit(text="Spoken now."))
    for lane, position in (("interactive", 2), ("bulk", 4)):
        body = estimate(gateway, chars=50, priority=lane)
        assert body["queue_position"] == position
        job_id = gateway.submit(text="x" * 50, priority=lane)
        job = gateway.client.get(f"/jobs/{job_id}").json()
        assert job["queue_position"] == position
        assert body["wait_s"] + body["synthesis_s"] == pytest.approx(job["progress"]["eta_s"], abs=0.02)
        gateway.client.post(f"/jobs/{job_id}/cancel")


def test_an_idle_worker_beside_a_busy_one_takes_a_job_at_once(gateway: RunningGateway) -> None:
    gateway.claim(gateway.submit(text="Spoken now."))
    announce_second_worker(gateway)
    wait_for(lambda: estimate(gateway, chars=50)["wait_s"] == 0.0)
    assert estimate(gateway, chars=50)["queue_position"] == 1
    job = gateway.client.get(f"/jobs/{gateway.submit(text='x' * 50)}").json()
    assert job["progress"]["eta_s"] == pytest.approx(50 * GUESS_S_PER_CHAR, abs=0.01)


def announce_second_worker(gateway: RunningGateway) -> None:
    served = (ServedWeights(model="hibari", weights="hibari", voices=("heart",)),)
    second = Announcement(
        id="second", flavour="base", version="0", device="cpu", pid=2, served=served, formats=("wav",)
    )
    with gateway.database.write() as connection:
        worker_registry.announce(connection, second)


def test_without_a_worker_the_wait_is_unknown(gateway: RunningGateway) -> None:
    gateway.submit()
    with gateway.database.write() as connection:
        worker_registry.retire(connection, "stand-in")
    # The gateway reads the workers every few seconds.
    wait_for(lambda: estimate(gateway, chars=15)["wait_s"] is None)
    idle = estimate(gateway, chars=15)
    assert (idle["provider"], idle["queue_position"]) == ("local", 2)
    assert (idle["duration_s"], idle["synthesis_s"]) == (1.0, 0.105)


def test_an_unavailable_voice_is_estimated_too(gateway: RunningGateway) -> None:
    missing = estimate(gateway, chars=15, voice_id="hibari_emma")
    assert (missing["provider"], missing["queue_position"], missing["wait_s"]) == (None, None, None)
    assert missing["duration_s"] == 1.0
    beep = estimate(gateway, chars=15, voice_id="af_heart")
    assert (beep["provider"], beep["queue_position"]) == ("stub", 1)


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"chars": 5, "voice_id": "nobody"}, 404, "voice_not_found"),
        ({"chars": 5, "voice_id": "af_heart(2)+hibari_emma(1)"}, 400, "invalid_voice_id"),
        ({}, 400, "missing_field"),
        ({"chars": 0}, 400, "invalid_request"),
        ({"chars": 10**7 + 1}, 400, "invalid_request"),
        ({"chars": 5, "speed": 0.2}, 400, "invalid_request"),
        ({"chars": 5, "speed": "nan"}, 400, "invalid_request"),
        ({"chars": 5, "priority": "urgent"}, 400, "invalid_request"),
    ],
)
def test_invalid_requests_are_rejected(
    gateway: RunningGateway, params: dict[str, object], status: int, code: str
) -> None:
    assert estimate(gateway, status=status, **params)["error"]["code"] == code
