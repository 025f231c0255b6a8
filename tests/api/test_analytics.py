"""GET /analytics: usage and latencies of a window, on both databases."""

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
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.rows import new_job

THIS_HOUR = int(time.time() // 3600)


@pytest.fixture
def gateway(settings: Settings, database_url: str) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update={"database_url": database_url})) as running:
        yield running


def get_analytics(gateway: RunningGateway, hours: int) -> dict[str, Any]:
    response = gateway.client.get("/analytics", params={"hours": str(hours)})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def count(gateway: RunningGateway, waits_ms: list[float], *, hours_ago: int = 0, **columns: str) -> None:
    """Add the rollups that this many completed jobs would have added."""
    job = new_job(**columns)
    with gateway.database.write() as connection:
        for ms in waits_ms:
            latency: dict[Measure, float] = {"wait": ms, "first_audio": 2 * ms}
            latencies.add(connection, job, latency, now=(THIS_HOUR - hours_ago) * 3600.0)
        hour = THIS_HOUR - hours_ago
        row = {"owner": "local", "model": job.model, "voice_id": job.voice_id, "provider": "local"}
        connection.execute(insert(UsageHourly).values(hour=hour, completed=len(waits_ms), audio_s=1.0, **row))


def test_percentiles_cover_only_the_requested_hours(gateway: RunningGateway) -> None:
    quick = [float(ms) for ms in range(1, 101)]
    count(gateway, quick)
    count(gateway, [60_000.0] * 50, hours_ago=30)
    short, long = get_analytics(gateway, 24), get_analytics(gateway, 48)
    latency = short["window"]["wait_ms"]
    assert (latency["count"], long["window"]["wait_ms"]["count"]) == (100, 150)
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        exact = quick[math.ceil(share * 100) - 1]
        assert latency[name] == pytest.approx(exact, rel=0.09)
        assert short["window"]["first_audio_ms"][name] == pytest.approx(2 * exact, rel=0.09)
    assert long["window"]["wait_ms"]["p90"] == pytest.approx(60_000, rel=0.09)
    assert (short["window"]["completed"], long["window"]["completed"]) == (100, 150)
    # The totals do not depend on the window.
    assert short["totals"] == long["totals"]
    assert short["totals"]["completed"] == 150
    assert "wait_ms" not in short["totals"]


def test_models_and_voices_have_their_own_percentiles(gateway: RunningGateway) -> None:
    count(gateway, [10.0] * 10)
    count(gateway, [1000.0] * 30, voice_id="hibari_emma")
    count(gateway, [5000.0], voice_id="af_heart", model="kokoro")
    body = get_analytics(gateway, 2)
    voices = {one["name"]: one["wait_ms"] for one in body["by_voice"]}
    assert {name: latency["count"] for name, latency in voices.items()} == {
        "hibari_heart": 10,
        "hibari_emma": 30,
        "af_heart": 1,
    }
    assert voices["hibari_heart"]["p99"] == pytest.approx(10, rel=0.09)
    models = {one["name"]: one["wait_ms"] for one in body["by_model"]}
    assert (models["hibari"]["count"], models["kokoro"]["count"]) == (40, 1)
    # The percentiles of a model are not those of one of its voices.
    assert models["hibari"]["p50"] == pytest.approx(1000, rel=0.09)


def test_days_are_utc_days_and_include_days_without_jobs(gateway: RunningGateway) -> None:
    count(gateway, [10.0] * 3)
    count(gateway, [20.0] * 2, hours_ago=72)
    days = get_analytics(gateway, 97)["by_day"]
    first, last = (THIS_HOUR - 96) // 24, THIS_HOUR // 24
    assert [one["day"] for one in days] == [
        time.strftime("%Y-%m-%d", time.gmtime(day * 86_400)) for day in range(first, last + 1)
    ]
    by_day = {one["day"]: one for one in days}
    then = time.strftime("%Y-%m-%d", time.gmtime((THIS_HOUR - 72) * 3600))
    assert (by_day[then]["completed"], by_day[then]["wait_ms"]["count"]) == (2, 2)
    assert (days[-1]["completed"], days[-1]["first_audio_ms"]["count"]) == (3, 3)
    assert (days[-2]["completed"], days[-2]["wait_ms"], days[-2]["first_audio_ms"]) == (0, None, None)


def test_failures_are_counted_without_latencies(gateway: RunningGateway) -> None:
    gateway.fail(gateway.submit(), code="engine_failed")
    body = get_analytics(gateway, 24)
    [voice] = body["by_voice"]
    assert (voice["failed"], voice["wait_ms"]) == (1, None)
    assert (body["window"]["failed"], body["window"]["wait_ms"]) == (1, None)


def test_latencies_match_the_timings_of_the_job(gateway: RunningGateway) -> None:
    job_id = gateway.submit()
    gateway.complete(job_id)
    timings = gateway.client.get(f"/jobs/{job_id}").json()["timings"]
    window = get_analytics(gateway, 1)["window"]
    for measure, name in (("wait_ms", "queue_ms"), ("first_audio_ms", "first_audio_ms")):
        assert window[measure]["count"] == 1
        # The lowest bucket is 0.1 ms wide.
        assert window[measure]["p50"] == pytest.approx(timings[name], rel=0.09, abs=0.1)


def test_the_window_may_be_a_quarter_of_a_year(gateway: RunningGateway) -> None:
    count(gateway, [10.0] * 3, hours_ago=24 * 92 - 2)
    body = get_analytics(gateway, 24 * 92)
    assert (len(body["series"]), body["window"]["wait_ms"]["count"]) == (24 * 92, 3)
    assert len(body["by_day"]) in (92, 93)
    assert gateway.client.get("/analytics", params={"hours": str(24 * 92 + 1)}).status_code == 400
