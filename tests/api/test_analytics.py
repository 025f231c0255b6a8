"""Figures of a window: how much was spoken and how long people waited for it, on both databases."""

import math
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert

from common.db.tables import UsageHourly
from common.jobs import latencies
from common.jobs.latencies import Measure
from common.settings import Settings
from tests.support.gateway import Running, run_gateway
from tests.support.rows import new_job

THIS_HOUR = int(time.time() // 3600)


@pytest.fixture
def gateway(settings: Settings, database_url: str) -> Iterator[Running]:
    with run_gateway(settings.model_copy(update={"database_url": database_url})) as running:
        yield running


def figures(gateway: Running, hours: int) -> dict[str, Any]:
    answer = gateway.client.get("/analytics", params={"hours": str(hours)})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def count(gateway: Running, waits_ms: list[float], *, hours_ago: int = 0, **of: str) -> None:
    """As the ends of so many jobs would have."""
    job = new_job(**of)
    with gateway.database.write() as connection:
        for ms in waits_ms:
            waited: dict[Measure, float] = {"wait": ms, "first_audio": 2 * ms}
            latencies.add(connection, job, waited, now=(THIS_HOUR - hours_ago) * 3600.0)
        hour = THIS_HOUR - hours_ago
        row = {"owner": "local", "model": job.model, "voice_id": job.voice_id, "provider": "local"}
        connection.execute(insert(UsageHourly).values(hour=hour, completed=len(waits_ms), audio_s=1.0, **row))


def test_percentiles_are_of_the_hours_asked_for(gateway: Running) -> None:
    quick = [float(ms) for ms in range(1, 101)]
    count(gateway, quick)
    count(gateway, [60_000.0] * 50, hours_ago=30)
    short, long = figures(gateway, 24), figures(gateway, 48)
    waited = short["window"]["wait_ms"]
    assert (waited["count"], long["window"]["wait_ms"]["count"]) == (100, 150)
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        exact = quick[math.ceil(share * 100) - 1]
        assert waited[name] == pytest.approx(exact, rel=0.09)
        assert short["window"]["first_audio_ms"][name] == pytest.approx(2 * exact, rel=0.09)
    assert long["window"]["wait_ms"]["p90"] == pytest.approx(60_000, rel=0.09)
    assert (short["window"]["completed"], long["window"]["completed"]) == (100, 150)
    # All that ever was stays what it is, whatever is asked for.
    assert short["totals"] == long["totals"]
    assert short["totals"]["completed"] == 150
    assert "wait_ms" not in short["totals"]


def test_each_model_and_voice_has_its_own(gateway: Running) -> None:
    count(gateway, [10.0] * 10)
    count(gateway, [1000.0] * 30, voice_id="hibari_emma")
    count(gateway, [5000.0], voice_id="af_heart", model="kokoro")
    told = figures(gateway, 1)
    voices = {one["name"]: one["wait_ms"] for one in told["by_voice"]}
    assert {name: waited["count"] for name, waited in voices.items()} == {
        "hibari_heart": 10,
        "hibari_emma": 30,
        "af_heart": 1,
    }
    assert voices["hibari_heart"]["p99"] == pytest.approx(10, rel=0.09)
    models = {one["name"]: one["wait_ms"] for one in told["by_model"]}
    assert (models["hibari"]["count"], models["kokoro"]["count"]) == (40, 1)
    # Half of all hibari's: percentiles of a model are none of those of its voices.
    assert models["hibari"]["p50"] == pytest.approx(1000, rel=0.09)


def test_days_are_whole_in_utc_and_empty_ones_are_there(gateway: Running) -> None:
    count(gateway, [10.0] * 3)
    count(gateway, [20.0] * 2, hours_ago=72)
    days = figures(gateway, 97)["by_day"]
    first, last = (THIS_HOUR - 96) // 24, THIS_HOUR // 24
    assert [one["day"] for one in days] == [
        time.strftime("%Y-%m-%d", time.gmtime(day * 86_400)) for day in range(first, last + 1)
    ]
    by_day = {one["day"]: one for one in days}
    then = time.strftime("%Y-%m-%d", time.gmtime((THIS_HOUR - 72) * 3600))
    assert (by_day[then]["completed"], by_day[then]["wait_ms"]["count"]) == (2, 2)
    assert (days[-1]["completed"], days[-1]["first_audio_ms"]["count"]) == (3, 3)
    assert (days[-2]["completed"], days[-2]["wait_ms"], days[-2]["first_audio_ms"]) == (0, None, None)


def test_failures_have_figures_but_no_wait(gateway: Running) -> None:
    gateway.fail(gateway.queue(), code="engine_failed")
    told = figures(gateway, 24)
    [voice] = told["by_voice"]
    assert (voice["failed"], voice["wait_ms"]) == (1, None)
    assert (told["window"]["failed"], told["window"]["wait_ms"]) == (1, None)


def test_a_job_is_counted_as_its_timings_say(gateway: Running) -> None:
    job_id = gateway.queue()
    gateway.complete(job_id)
    timings = gateway.client.get(f"/jobs/{job_id}").json()["timings"]
    window = figures(gateway, 1)["window"]
    for measure, name in (("wait_ms", "queue_ms"), ("first_audio_ms", "first_audio_ms")):
        assert window[measure]["count"] == 1
        # The bucket of what is nearly nothing is as wide as a rounded tenth.
        assert window[measure]["p50"] == pytest.approx(timings[name], rel=0.09, abs=0.1)


def test_a_quarter_of_a_year_can_be_asked_for(gateway: Running) -> None:
    count(gateway, [10.0] * 3, hours_ago=24 * 92 - 2)
    told = figures(gateway, 24 * 92)
    assert (len(told["series"]), told["window"]["wait_ms"]["count"]) == (24 * 92, 3)
    assert len(told["by_day"]) in (92, 93)
    assert gateway.client.get("/analytics", params={"hours": str(24 * 92 + 1)}).status_code == 400
