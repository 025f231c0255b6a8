"""Submitting jobs: concurrent requests, idempotency keys, full queues, and outages."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from common.db.database import Database
from common.db.tables import Idempotency, Job
from common.jobs import submission
from common.settings import Settings
from tests.support.gateway import RunningGateway, StandInWorker, run_gateway
from tests.support.ports import free_port
from tests.support.rows import new_job, submit
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for


@pytest.fixture
def each_database(settings: Settings, database_url: str) -> Settings:
    """Settings for each database."""
    return settings.model_copy(update={"database_url": database_url})


def post_many(gateway: RunningGateway, bodies: list[dict[str, object]]) -> list[httpx.Response]:
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda body: gateway.post(**body), bodies))


def count(gateway: RunningGateway, table: type[Job] | type[Idempotency]) -> int:
    with gateway.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_fifty_requests_with_one_key_create_one_job(each_database: Settings) -> None:
    with run_gateway(each_database) as gateway:
        answers = post_many(gateway, [{"idempotency_key": "once"}] * 50)
        assert {response.status_code for response in answers} == {202}
        assert len({response.json()["job_id"] for response in answers}) == 1
        assert count(gateway, Job) == 1
        assert gateway.next_queued_job() is not None
        assert gateway.next_queued_job(timeout_s=1) is None, "a repeated request published a second message"


def test_a_conflicting_key_does_not_affect_other_requests(each_database: Settings) -> None:
    with run_gateway(each_database) as gateway:
        gateway.submit(idempotency_key="k")
        bodies: list[dict[str, object]] = [{"text": f"Text {n}"} for n in range(10)]
        bodies.insert(5, {"text": "Another text", "idempotency_key": "k"})
        answers = post_many(gateway, bodies)
        assert sorted(response.status_code for response in answers) == [202] * 10 + [409]
        assert answers[5].json()["error"]["code"] == "idempotency_conflict"


def test_the_key_of_a_finished_job_returns_at_once(each_database: Settings) -> None:
    with run_gateway(each_database) as gateway:
        headers = {"Idempotency-Key": "k"}
        first = gateway.client.post("/synthesize?async_mode=true", json={"text": "Hi."}, headers=headers)
        gateway.complete(first.json()["job_id"])
        repeated = gateway.client.post(
            "/synthesize", json={"text": "Hi.", "idempotency_key": "k"}, headers=headers
        )
        assert repeated.status_code == 200
        assert repeated.json()["job_id"] == first.json()["job_id"]
        conflicting = gateway.client.post(
            "/synthesize", json={"text": "Hi.", "idempotency_key": "j"}, headers=headers
        )
        assert conflicting.status_code == 400


def test_the_queue_accepts_exactly_its_limit(each_database: Settings) -> None:
    with run_gateway(each_database.model_copy(update={"queue_max": 20})) as gateway:
        answers = post_many(gateway, [{"text": f"Text {n}"} for n in range(50)])
        assert sorted(response.status_code for response in answers) == [202] * 20 + [503] * 30
        full = next(response for response in answers if response.status_code == 503)
        assert full.json()["error"]["code"] == "queue_full"
        assert 1 <= int(full.headers["retry-after"]) <= 600
        assert count(gateway, Job) == 20
        job_id = gateway.next_queued_job()
        assert job_id is not None
        gateway.complete(job_id)
        assert gateway.post().status_code == 202


def test_two_gateways_together_accept_exactly_the_limit(each_database: Settings) -> None:
    limited = each_database.model_copy(update={"queue_max": 20})
    with run_gateway(limited) as one, run_gateway(limited) as other, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: (one, other)[n % 2].post(f"Text {n}"), range(50)))
        assert [response.status_code for response in answers].count(202) == 20


def test_task_messages_are_limited(settings: Settings) -> None:
    with run_gateway(settings.model_copy(update={"bells_max": 5})) as gateway:
        for _ in range(12):
            gateway.submit()
        key = f"ov:{settings.queue_prefix}.hibari.interactive"
        assert gateway.redis.llen(key) == 5


def test_many_requests_wait_at_the_same_time(each_database: Settings) -> None:
    with run_gateway(each_database) as gateway, StandInWorker(gateway).running():
        answers = post_many(gateway, [{"text": f"Text {n}", "async_mode": False} for n in range(40)])
        assert {response.status_code for response in answers} == {200}
        assert len({response.json()["job_id"] for response in answers}) == 40


def test_an_invalid_row_does_not_affect_others(database: Database) -> None:
    taken, before, after = new_job(), new_job(), new_job()
    submit(database, taken)
    with database.write() as connection:
        answers = submission.submit(
            connection, [before, new_job(id=taken.id), after], capacity=submission.QueueCapacity(100)
        )
    assert [isinstance(response, submission.AcceptedJob) for response in answers] == [True, False, True]
    with database.read() as connection:
        assert set(connection.scalars(select(Job.id))) == {taken.id, before.id, after.id}


def timed_post(gateway: RunningGateway) -> float:
    started = time.monotonic()
    assert gateway.post().status_code == 202
    return time.monotonic() - started


@pytest.mark.parametrize("how", ["killed", "hung"])
def test_without_redis_jobs_are_accepted(settings: Settings, valkey: Valkey, how: str) -> None:
    with run_gateway(settings.model_copy(update={"redis_url": valkey.url})) as gateway:
        gateway.submit()
        if how == "killed":
            valkey.kill()
        else:
            valkey.hang()
        assert max(timed_post(gateway) for _ in range(5)) < 4
        job_id = gateway.submit()
        assert gateway.client.get(f"/jobs/{job_id}").json()["status"] == "queued"
        assert gateway.client.get("/health").status_code == 200
        assert gateway.client.get("/ready").status_code == 503
        if how == "killed":
            valkey.start()
        else:
            valkey.resume()
        wait_for(lambda: gateway.client.get("/health").json()["broker_ok"], timeout_s=15)
        wait_for(
            lambda: gateway.post().status_code == 202 and gateway.next_queued_job(timeout_s=1), timeout_s=15
        )


def test_a_gateway_starts_without_redis(settings: Settings) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    with run_gateway(settings.model_copy(update={"redis_url": url})) as gateway:
        assert gateway.post().status_code == 202
        # A request that waits for the end is not kept waiting either.
        response = gateway.post(async_mode=False)
        assert response.status_code == 202
        assert response.headers["location"] == f"/jobs/{response.json()['job_id']}"
        assert any("Redis" in warning for warning in response.json()["warnings"])
        health = gateway.client.get("/health").json()
        assert (health["status"], health["broker_ok"], health["workers_alive"]) == ("degraded", False, 1)


def test_without_a_database_no_job_is_accepted(settings: Settings, tmp_path: Path) -> None:
    with run_gateway(settings) as gateway:
        blocker = gateway.database.engine.raw_connection()
        cursor = blocker.cursor()
        cursor.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        response = gateway.post()
        assert time.monotonic() - started < 10
        assert response.status_code == 503, response.text
        assert response.json()["error"]["code"] == "database_unavailable"
        assert int(response.headers["retry-after"]) >= 1
        cursor.execute("ROLLBACK")
        cursor.close()
        blocker.close()
        assert gateway.post().status_code == 202
        assert count(gateway, Job) == 1


def test_an_unreachable_postgres_is_a_503_soon(settings: Settings) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    unreachable = settings.model_copy(update={"database_url": url})
    with run_gateway(unreachable, announced=False) as gateway:
        for path in ("/jobs", "/history", "/voices", "/analytics"):
            started = time.monotonic()
            response = gateway.client.get(path)
            assert (response.status_code, time.monotonic() - started < 5) == (503, True), path
            assert response.json()["error"]["code"] == "database_unavailable"
        assert gateway.post().status_code == 503
        health = gateway.client.get("/health").json()
        assert (health["database_ok"], health["workers_alive"]) == (False, None)
        ready = gateway.client.get("/ready")
        assert ready.status_code == 503
        assert not ready.json()["checks"]["database"]["ok"]
