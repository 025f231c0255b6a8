"""The gateway while a server behind it hangs, is full or sends nonsense. It answers, says why, and recovers."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import text

from api.app import THREADS
from common.ids import new_id
from common.jobs import lease
from common.messaging import audio_window, events
from common.settings import Settings
from tests.support.databases import Postgres
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for


@pytest.fixture
def on_postgres(settings: Settings, migrated_postgres_url: str) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update={"database_url": migrated_postgres_url})) as gateway:
        yield gateway


@pytest.fixture
def on_own_valkey(settings: Settings, valkey: Valkey) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update={"redis_url": valkey.url})) as gateway:
        wait_for(lambda: gateway.client.get("/health").json()["broker_ok"])
        yield gateway


def failed_checks(gateway: RunningGateway) -> dict[str, str]:
    """Return the failed checks of GET /ready, with their messages."""
    response = gateway.client.get("/ready")
    failed = {name: check["message"] for name, check in response.json()["checks"].items() if not check["ok"]}
    assert response.status_code == (503 if failed else 200)
    return failed


def test_submissions_go_on_after_a_full_queue_while_the_database_fails(settings: Settings) -> None:
    with run_gateway(settings.model_copy(update={"queue_max": 1})) as gateway:
        job_id = gateway.submit()
        # The wait for room cannot be estimated without this table.
        with gateway.database.write() as connection:
            connection.execute(text("ALTER TABLE usage_hourly RENAME TO elsewhere"))
        full = gateway.post()
        assert (full.status_code, full.json()["error"]["code"]) == (503, "queue_full")
        assert int(full.headers["retry-after"]) >= 1
        with gateway.database.write() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO usage_hourly"))
        gateway.complete(job_id)
        assert gateway.post().status_code == 202
        assert failed_checks(gateway) == {}


def test_a_postgres_that_hangs_is_a_503_and_everything_goes_on_afterwards(
    on_postgres: RunningGateway, postgres: Postgres
) -> None:
    gateway = on_postgres
    job_id = gateway.submit()
    assert failed_checks(gateway) == {}
    with ThreadPoolExecutor(2 * THREADS) as pool, httpx.Client(base_url=gateway.url, timeout=20) as client:
        with postgres.frozen():
            reads = [pool.submit(client.get, f"/jobs/{job_id}") for _ in range(THREADS)]
            assert client.get("/health").status_code == 200
            assert not any(read.done() for read in reads), "the probe waited for other requests"
            assert "does not answer" in failed_checks(gateway)["database"]
            for response in (gateway.post(), gateway.post("Hello.", async_mode=False), *results(reads)):
                assert response.status_code == 503, response.text
                assert response.json()["error"]["code"] == "database_unavailable"
                assert int(response.headers["retry-after"]) >= 1
        assert wait_for(lambda: gateway.post().status_code == 202)
        assert wait_for(lambda: failed_checks(gateway) == {})
        assert gateway.client.get(f"/jobs/{job_id}").status_code == 200


def results(futures: list[Future[httpx.Response]]) -> list[httpx.Response]:
    return [future.result(30) for future in futures]


def test_malformed_messages_do_not_end_the_subscription(settings: Settings) -> None:
    with run_gateway(settings) as gateway:
        wait_for(lambda: gateway.client.get("/health").json()["broker_ok"])
        job_id = gateway.submit()
        with gateway.client.stream("GET", f"/jobs/{job_id}/events") as stream:
            # Without a subscription, only heartbeats follow the snapshot. They are comments.
            lines = (line for line in stream.iter_lines() if line.startswith(("event: ", ":")))
            assert next(lines) == "event: snapshot"
            malformed = (b"", b"\xff \xff", f"{job_id} 1-0 completed", f"{job_id} 1-0 progress []")
            for message in malformed:
                gateway.redis.publish(events.channel(settings.queue_prefix), message)
            gateway.redis.publish(audio_window.channel(settings.queue_prefix), b"\xff")
            gateway.publish_event(job_id, "progress", done=1)
            assert next(lines) == "event: progress"
        assert failed_checks(gateway) == {}


def fill(gateway: RunningGateway) -> None:
    """Let Redis refuse all writes that need memory."""
    gateway.redis.config_set("maxmemory", 1)


def test_a_full_redis_is_not_ready_and_a_waiting_request_is_answered_from_the_row(
    on_own_valkey: RunningGateway,
) -> None:
    gateway = on_own_valkey
    with ThreadPoolExecutor(1) as pool:
        fill(gateway)
        assert failed_checks(gateway) == {"broker": "refuses writes (OutOfMemoryError)"}
        waiting = pool.submit(gateway.post, async_mode=False)
        job_id = wait_for(lambda: oldest_job(gateway))
        # As a worker that takes parts from the table. No event can be published.
        claim = gateway.claim(job_id)
        with gateway.database.write() as connection:
            assert lease.fail(connection, claim, code="engine_failed", message="It did not work.")
        response = waiting.result(20)
        assert (response.status_code, response.json()["error"]["job_id"]) == (502, job_id)
        gateway.redis.config_set("maxmemory", 0)
        assert failed_checks(gateway) == {}


def oldest_job(gateway: RunningGateway) -> str | None:
    items = gateway.client.get("/jobs").json()["items"]
    return str(items[-1]["job_id"]) if items else None


def test_an_unknown_event_stream_is_skipped(settings: Settings) -> None:
    with run_gateway(settings) as gateway:
        job_id = gateway.submit()
        key = events.stream_key(job_id, prefix=settings.queue_prefix)
        gateway.redis.xadd(key, {"something": "else"})
        gateway.complete(job_id)
        gateway.redis.xadd(key, {"e": "completed", "d": "{"})
        with gateway.client.stream("GET", f"/jobs/{job_id}/events") as stream:
            names = [line for line in stream.iter_lines() if line.startswith("event: ")]
        assert names == ["event: snapshot", "event: completed"]
        assert gateway.client.get(f"/jobs/{new_id()}/events").status_code == 404
