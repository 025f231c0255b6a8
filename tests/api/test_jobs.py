"""Jobs: read, list, cancel, retry and delete them."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.ids import new_id
from common.jobs import lease
from common.settings import Settings
from tests.support.gateway import RunningGateway, run_gateway

PATH_LIKE = (
    "..%2f..%2fetc%2fpasswd",
    "a",
    "x" * 500,
    "0199B6A1-7C1E-7D3A-9F52-0C2B6A4E8D11",
    "%00",
    "outputs",
)


LIMITS = {"list_limit_max": 50, "max_batch_ids": 5}


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update=LIMITS)) as running:
        yield running


@pytest.fixture
def on_both(settings: Settings, database_url: str) -> Iterator[RunningGateway]:
    """A gateway on each database."""
    with run_gateway(settings.model_copy(update=LIMITS | {"database_url": database_url})) as running:
        yield running


def code_of(gateway: RunningGateway, method: str, path: str, *, status: int) -> str:
    response = gateway.client.request(method, path)
    assert response.status_code == status, response.text
    return str(response.json()["error"]["code"])


def test_an_unknown_job_is_not_found_with_any_id(gateway: RunningGateway) -> None:
    for job_id in (new_id(), *PATH_LIKE):
        for method, path in (
            ("GET", ""),
            ("DELETE", ""),
            ("GET", "/audio"),
            ("GET", "/events"),
            ("POST", "/cancel"),
            ("POST", "/retry"),
        ):
            code = code_of(gateway, method, f"/jobs/{job_id}{path}", status=404)
            assert code in ("job_not_found", "not_found"), (method, path, job_id)


def test_a_deleted_job_is_gone(on_both: RunningGateway) -> None:
    job_id = on_both.submit()
    on_both.complete(job_id)
    (key,) = on_both.files()
    assert on_both.client.delete(f"/jobs/{job_id}").json() == {"job_id": job_id, "deleted": True}
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/audio"),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
    ):
        assert code_of(on_both, method, f"/jobs/{job_id}{path}", status=410) == "deleted"
    assert on_both.files() == []
    assert key not in on_both.client.get("/history").text
    assert on_both.client.get("/history").json()["items"] == []


def test_a_job_deleted_while_running_stays_deleted(on_both: RunningGateway) -> None:
    job_id = on_both.submit()
    claim = on_both.claim(job_id)
    assert on_both.client.delete(f"/jobs/{job_id}").status_code == 200
    with on_both.database.write() as connection:
        assert lease.PARTS.renew(connection, [claim.lease], lease_s=30) == [claim.lease]
    assert on_both.client.get(f"/jobs/{job_id}").status_code == 410


def test_concurrent_requests_delete_a_job_once(on_both: RunningGateway) -> None:
    for _ in range(5):
        job_id = on_both.submit()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: on_both.client.delete(f"/jobs/{job_id}"), range(4)))  # noqa: B023
        assert sorted(response.status_code for response in answers) == [200, 410, 410, 410]


def test_a_batch_deletes_each_job_independently(gateway: RunningGateway) -> None:
    job_ids = [gateway.submit() for _ in range(3)]
    gateway.complete(job_ids[0])
    unknown = new_id()
    job_ids_sent = [job_ids[0], unknown, "../x", job_ids[1], job_ids[0]]
    response = gateway.client.post("/jobs/batch_delete", json={"job_ids": job_ids_sent})
    assert response.status_code == 200
    results = response.json()["results"]
    assert [(one["job_id"], one["deleted"]) for one in results] == [
        (job_ids[0], True),
        (unknown, False),
        ("../x", False),
        (job_ids[1], True),
    ]
    assert {one["error"]["code"] for one in results if one["error"]} == {"job_not_found"}
    assert gateway.client.get(f"/jobs/{job_ids[2]}").status_code == 200
    for invalid in ([], ["a"] * 6, "a", [1], None):
        response = gateway.client.post("/jobs/batch_delete", json={"job_ids": invalid})
        assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
        assert response.json()["error"]["param"].startswith("job_ids")


def test_a_full_queue_refuses_a_retry(settings: Settings) -> None:
    with run_gateway(settings.model_copy(update={"queue_max": 1})) as gateway:
        job_id = gateway.submit()
        gateway.client.post(f"/jobs/{job_id}/cancel")
        waiting = gateway.submit()
        full = gateway.client.post(f"/jobs/{job_id}/retry")
        assert (full.status_code, full.json()["error"]["code"]) == (503, "queue_full")
        assert int(full.headers["retry-after"]) >= 1
        assert gateway.client.get(f"/jobs/{job_id}").json()["status"] == "cancelled"
        gateway.client.post(f"/jobs/{waiting}/cancel")
        assert gateway.client.post(f"/jobs/{job_id}/retry").status_code == 202


def test_jobs_are_cancelled_and_retried(on_both: RunningGateway) -> None:
    job_id = on_both.submit()
    assert on_both.next_queued_job() == job_id
    assert on_both.client.post(f"/jobs/{job_id}/cancel").json()["status"] == "cancelled"
    assert on_both.client.post(f"/jobs/{job_id}/cancel").status_code == 200
    again = on_both.client.post(f"/jobs/{job_id}/retry")
    assert (again.status_code, again.headers["location"]) == (202, f"/jobs/{job_id}")
    assert (again.json()["status"], again.json()["error"]) == ("queued", None)
    assert code_of(on_both, "POST", f"/jobs/{job_id}/retry", status=409) == "conflict"
    assert on_both.next_queued_job() == job_id
    on_both.fail(job_id, code="engine_failed")
    failed = on_both.client.get(f"/jobs/{job_id}").json()
    assert failed["error"] == {"code": "engine_failed", "message": "It did not work."}
    assert on_both.client.post(f"/jobs/{job_id}/retry").status_code == 202
    on_both.complete(job_id)
    assert code_of(on_both, "POST", f"/jobs/{job_id}/cancel", status=409) == "job_ended"
    assert code_of(on_both, "POST", f"/jobs/{job_id}/retry", status=409) == "conflict"
    assert on_both.client.get(f"/jobs/{job_id}").json()["attempts"] == 2


def test_a_running_job_is_stopped_and_keeps_what_is_spoken(on_both: RunningGateway) -> None:
    job_id, queued = on_both.submit(), on_both.submit()
    stop = {"keep_spoken": "true"}
    part = on_both.claim(job_id)
    stopped = on_both.client.post(f"/jobs/{job_id}/cancel", params=stop)
    # Its worker completes it.
    assert (stopped.status_code, stopped.json()["status"]) == (200, "running")
    with on_both.database.read() as connection:
        assert lease.must_finish_early(connection, part)
    # Nothing of a queued job is spoken.
    assert on_both.client.post(f"/jobs/{queued}/cancel", params=stop).json()["status"] == "cancelled"
    on_both.client.post(f"/jobs/{job_id}/cancel")
    assert on_both.client.post(f"/jobs/{job_id}/retry").status_code == 202
    again = on_both.claim(job_id)
    with on_both.database.read() as connection:
        assert not lease.must_finish_early(connection, again)


def test_queue_positions_are_exact(on_both: RunningGateway) -> None:
    job_ids = [on_both.submit() for _ in range(4)]
    places = [on_both.client.get(f"/jobs/{job_id}").json() for job_id in job_ids]
    assert [job["queue_position"] for job in places] == [1, 2, 3, 4]
    queued = [job["progress"]["eta_s"] for job in places]
    assert queued == sorted(queued)
    assert queued[0] < queued[3]
    on_both.claim(job_ids[0])
    running = on_both.client.get(f"/jobs/{job_ids[0]}").json()
    assert (running["status"], running["queue_position"]) == ("running", None)
    assert on_both.client.get(f"/jobs/{job_ids[3]}").json()["queue_position"] == 3


def test_pages_are_stable_while_jobs_are_submitted(on_both: RunningGateway) -> None:
    job_ids = [on_both.submit() for _ in range(7)]
    listed_ids: list[str] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor:
        params = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = on_both.client.get("/jobs", params=params).json()
        listed_ids += [job["job_id"] for job in page["items"]]
        cursor = page["next_cursor"]
        on_both.submit()
        pages += 1
    assert listed_ids == job_ids[::-1]
    assert pages == 3


def test_a_list_is_filtered(gateway: RunningGateway) -> None:
    done, queued = gateway.submit(), gateway.submit()
    stub_job = gateway.submit(voice_id="parler_jon")
    gateway.complete(done)

    def listed(**params: str) -> set[str]:
        return {job["job_id"] for job in gateway.client.get("/jobs", params=params).json()["items"]}

    assert listed(status="completed") == {done}
    assert listed(status="queued") == {queued, stub_job}
    assert listed(model="hibari") == {done, queued}
    assert listed(voice_id="parler_jon") == {stub_job}
    assert listed(status="failed") == set()


@pytest.mark.parametrize("path", ["/jobs", "/history"])
def test_invalid_list_parameters_are_rejected(gateway: RunningGateway, path: str) -> None:
    def invalid(**params: str) -> tuple[str, str]:
        response = gateway.client.get(path, params=params)
        assert response.status_code == 400, response.text
        error = response.json()["error"]
        return error["code"], error["param"]

    assert invalid(limit="0") == ("invalid_request", "limit")
    assert invalid(limit="51") == ("invalid_request", "limit")
    assert invalid(limit="many") == ("invalid_request", "limit")
    for cursor in ("", "nonsense", "!!!", "AAAA", "é", "a" * 1000):
        assert invalid(cursor=cursor) == ("invalid_cursor", "cursor")


def test_a_modified_cursor_is_rejected(gateway: RunningGateway) -> None:
    for _ in range(2):
        gateway.complete(gateway.submit())
    cursor = gateway.client.get("/jobs", params={"limit": "1"}).json()["next_cursor"]
    assert gateway.client.get("/jobs", params={"cursor": cursor}).status_code == 200
    assert gateway.client.get("/history", params={"cursor": cursor}).status_code == 400
    for position in range(0, len(cursor) - 2, 5):
        changed = cursor[:position] + ("A" if cursor[position] != "A" else "B") + cursor[position + 1 :]
        assert gateway.client.get("/jobs", params={"cursor": changed}).status_code == 400, position


@pytest.mark.parametrize("params", [{"status": "done"}, {"voice_id": "../x"}, {"model": "a\0"}])
def test_invalid_filters_are_rejected(gateway: RunningGateway, params: dict[str, str]) -> None:
    response = gateway.client.get("/jobs", params=params)
    assert response.status_code == 400
    assert response.json()["error"]["param"] in params


def test_half_a_surrogate_pair_matches_no_job(gateway: RunningGateway) -> None:
    response = gateway.client.post(
        "/jobs/batch_delete",
        content='{"job_ids": ["\\ud800"]}',
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 200
    assert response.json()["results"][0]["error"]["code"] == "job_not_found"


def test_a_cursor_with_a_valid_checksum_and_invalid_content_is_rejected(gateway: RunningGateway) -> None:
    from api.http.cursors import _checksum

    for body in (b"[1]", b"{}", b"nope", b'["x", 5]', b'[NaN, "a"]'):
        forged = base64.urlsafe_b64encode(_checksum("jobs", body) + body).decode().rstrip("=")
        response = gateway.client.get("/jobs", params={"cursor": forged})
        assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_cursor")
