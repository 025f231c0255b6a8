"""The intake: many at once, the same key, a full queue, Redis or the database away."""

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
from tests.support.gateway import Running, Speaker, run_gateway
from tests.support.ports import free_port
from tests.support.rows import new_job, submit
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for


@pytest.fixture
def both(settings: Settings, database_url: str) -> Settings:
    """The settings on each database."""
    return settings.model_copy(update={"database_url": database_url})


def post_many(gateway: Running, bodies: list[dict[str, object]]) -> list[httpx.Response]:
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda body: gateway.post(**body), bodies))


def count(gateway: Running, table: type[Job] | type[Idempotency]) -> int:
    with gateway.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_fifty_posts_with_one_key_are_one_job(both: Settings) -> None:
    with run_gateway(both) as gateway:
        answers = post_many(gateway, [{"idempotency_key": "once"}] * 50)
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["job_id"] for answer in answers}) == 1
        assert count(gateway, Job) == 1
        assert gateway.next_bell() is not None
        assert gateway.next_bell(timeout_s=1) is None, "a repeated request rang again"


def test_a_key_with_another_body_conflicts_and_leaves_its_neighbours_alone(both: Settings) -> None:
    with run_gateway(both) as gateway:
        gateway.queue(idempotency_key="k")
        bodies: list[dict[str, object]] = [{"text": f"Text {n}"} for n in range(10)]
        bodies.insert(5, {"text": "Another text", "idempotency_key": "k"})
        answers = post_many(gateway, bodies)
        assert sorted(answer.status_code for answer in answers) == [202] * 10 + [409]
        assert answers[5].json()["error"]["code"] == "idempotency_conflict"


def test_the_key_of_a_finished_job_answers_at_once(both: Settings) -> None:
    with run_gateway(both) as gateway:
        headers = {"Idempotency-Key": "k"}
        first = gateway.client.post("/synthesize?async_mode=true", json={"text": "Hi."}, headers=headers)
        gateway.complete(first.json()["job_id"])
        again = gateway.client.post(
            "/synthesize", json={"text": "Hi.", "idempotency_key": "k"}, headers=headers
        )
        assert again.status_code == 200
        assert again.json()["job_id"] == first.json()["job_id"]
        differ = gateway.client.post(
            "/synthesize", json={"text": "Hi.", "idempotency_key": "j"}, headers=headers
        )
        assert differ.status_code == 400


def test_a_full_queue_takes_exactly_its_limit(both: Settings) -> None:
    with run_gateway(both.model_copy(update={"queue_max": 20})) as gateway:
        answers = post_many(gateway, [{"text": f"Text {n}"} for n in range(50)])
        assert sorted(answer.status_code for answer in answers) == [202] * 20 + [503] * 30
        full = next(answer for answer in answers if answer.status_code == 503)
        assert full.json()["error"]["code"] == "queue_full"
        assert 1 <= int(full.headers["retry-after"]) <= 600
        assert count(gateway, Job) == 20
        job_id = gateway.next_bell()
        assert job_id is not None
        gateway.complete(job_id)
        assert gateway.post().status_code == 202


def test_two_gateways_together_take_exactly_the_limit(both: Settings) -> None:
    limited = both.model_copy(update={"queue_max": 20})
    with run_gateway(limited) as one, run_gateway(limited) as other, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: (one, other)[n % 2].post(f"Text {n}"), range(50)))
        assert [answer.status_code for answer in answers].count(202) == 20


def test_bells_stop_at_their_bound(settings: Settings) -> None:
    with run_gateway(settings.model_copy(update={"bells_max": 5})) as gateway:
        for _ in range(12):
            gateway.queue()
        key = f"ov:{settings.queue_prefix}.hibari.interactive"
        assert gateway.redis.llen(key) == 5


def test_many_requests_wait_together(both: Settings) -> None:
    with run_gateway(both) as gateway, Speaker(gateway).working():
        answers = post_many(gateway, [{"text": f"Text {n}", "async_mode": False} for n in range(40)])
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["job_id"] for answer in answers}) == 40


def test_a_row_that_cannot_be_leaves_its_neighbours_alone(database: Database) -> None:
    taken, before, after = new_job(), new_job(), new_job()
    submit(database, taken)
    with database.write() as connection:
        answers = submission.submit(
            connection, [before, new_job(id=taken.id), after], backlog=submission.Backlog(100)
        )
    assert [isinstance(answer, submission.AcceptedJob) for answer in answers] == [True, False, True]
    with database.read() as connection:
        assert set(connection.scalars(select(Job.id))) == {taken.id, before.id, after.id}


def timed_post(gateway: Running) -> float:
    started = time.monotonic()
    assert gateway.post().status_code == 202
    return time.monotonic() - started


@pytest.mark.parametrize("how", ["killed", "hung"])
def test_redis_away_is_a_202_all_the_same(settings: Settings, valkey: Valkey, how: str) -> None:
    with run_gateway(settings.model_copy(update={"redis_url": valkey.url})) as gateway:
        gateway.queue()
        if how == "killed":
            valkey.kill()
        else:
            valkey.hang()
        assert max(timed_post(gateway) for _ in range(5)) < 4
        job_id = gateway.queue()
        assert gateway.client.get(f"/jobs/{job_id}").json()["status"] == "queued"
        assert gateway.client.get("/health").status_code == 200
        assert gateway.client.get("/ready").status_code == 503
        if how == "killed":
            valkey.start()
        else:
            valkey.go_on()
        wait_for(lambda: gateway.client.get("/health").json()["broker_ok"], timeout_s=15)
        wait_for(lambda: gateway.post().status_code == 202 and gateway.next_bell(timeout_s=1), timeout_s=15)


def test_a_gateway_starts_without_redis(settings: Settings) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    with run_gateway(settings.model_copy(update={"redis_url": url})) as gateway:
        assert gateway.post().status_code == 202
        health = gateway.client.get("/health").json()
        assert (health["status"], health["broker_ok"], health["workers_alive"]) == ("degraded", False, 1)


def test_no_database_is_a_503_and_never_a_false_202(settings: Settings, tmp_path: Path) -> None:
    with run_gateway(settings) as gateway:
        blocker = gateway.database.engine.raw_connection()
        cursor = blocker.cursor()
        cursor.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        refused = gateway.post()
        assert time.monotonic() - started < 10
        assert refused.status_code == 503, refused.text
        assert refused.json()["error"]["code"] == "database_unavailable"
        assert int(refused.headers["retry-after"]) >= 1
        cursor.execute("ROLLBACK")
        cursor.close()
        blocker.close()
        assert gateway.post().status_code == 202
        assert count(gateway, Job) == 1


def test_an_unreachable_postgres_is_a_503_soon(settings: Settings) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    away = settings.model_copy(update={"database_url": url})
    with run_gateway(away, announced=False) as gateway:
        for path in ("/jobs", "/history", "/voices", "/analytics"):
            started = time.monotonic()
            answer = gateway.client.get(path)
            assert (answer.status_code, time.monotonic() - started < 5) == (503, True), path
            assert answer.json()["error"]["code"] == "database_unavailable"
        assert gateway.post().status_code == 503
        health = gateway.client.get("/health").json()
        assert (health["database_ok"], health["workers_alive"]) == (False, None)
        ready = gateway.client.get("/ready")
        assert ready.status_code == 503
        assert not ready.json()["checks"]["database"]["ok"]
