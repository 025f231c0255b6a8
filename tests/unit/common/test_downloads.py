"""Rows of downloads, on SQLite and Postgres."""

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from sqlalchemy import Connection, update

from common import downloads
from common.db.database import Database, clock
from common.db.tables import Download
from common.downloads import GIVE_UP_AFTER_S, STALLED_S, ClaimedDownload, DownloadRecord
from common.ids import new_id
from common.status import JobStatus
from tests.support.rows import evidence

T = TypeVar("T")


def request(connection: Connection, item: str = "emma") -> tuple[str, bool]:
    return downloads.request(
        connection, new_id=new_id(), model="hibari", item=item, bytes_total=5_000_000_000
    )


def requested(database: Database, item: str = "emma") -> str:
    with database.write() as connection:
        return request(connection, item)[0]


def claim(connection: Connection, download_id: str, *, lease_s: float = 30.0) -> ClaimedDownload | None:
    return downloads.claim(connection, download_id, worker_id="test", lease_s=lease_s)


def claimed(connection: Connection, download_id: str, *, lease_s: float = 30.0) -> ClaimedDownload:
    found = claim(connection, download_id, lease_s=lease_s)
    assert found is not None
    return found


def row_of(database: Database, download_id: str) -> DownloadRecord:
    with database.read() as connection:
        row = downloads.get(connection, download_id)
    assert row is not None
    return row


def run_at_once(database: Database, action: Callable[[Connection], T], *, times: int = 8) -> list[T]:
    """Run `action` simultaneously in several threads, each with its own transaction."""
    results: list[T] = []
    start = threading.Barrier(times)

    def run() -> None:
        start.wait()
        with database.write() as connection:
            results.append(action(connection))

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == times
    return results


@pytest.fixture
def gateway(database_url: str) -> Iterator[Database]:
    """A database with the larger pool of a gateway, so that eight threads get eight connections."""
    opened = Database(database_url, role="gateway")
    yield opened
    opened.close()


def test_a_second_request_joins_the_active_download(database: Database) -> None:
    with database.write() as connection:
        first, created = request(connection)
        assert created
        assert request(connection) == (first, False)
        other, created = request(connection, "fable")
        assert created
        assert other != first
        assert claim(connection, first) is not None
        assert request(connection) == (first, False)
    row = row_of(database, first)
    assert (row.model, row.item, row.status, row.bytes_total) == ("hibari", "emma", "running", 5_000_000_000)


def test_simultaneous_requests_create_one_download(gateway: Database) -> None:
    results = run_at_once(gateway, request)
    assert len({download_id for download_id, _ in results}) == 1
    assert sum(created for _, created in results) == 1


@pytest.mark.parametrize("code", [None, "download_failed"])
def test_an_ended_download_may_be_requested_again(database: Database, code: str | None) -> None:
    first = requested(database)
    with database.write() as connection:
        download = claimed(connection, first)
        assert (
            downloads.fail(connection, download, code=code, message="why")
            if code
            else downloads.finish(connection, download)
        )
        again, created = request(connection)
    assert created
    assert again != first
    row = row_of(database, first)
    assert (row.status, row.error_code) == ("failed" if code else "completed", code)
    assert row.finished_at is not None
    assert row.finished_at >= row.created_at


def test_only_one_of_many_claims_gets_the_download(gateway: Database) -> None:
    download_id = requested(gateway)
    claimed_rows = [row for row in run_at_once(gateway, lambda c: claim(c, download_id)) if row]
    assert [(row.model, row.item) for row in claimed_rows] == [("hibari", "emma")]
    assert row_of(gateway, download_id).status == "running"


def test_an_unknown_download_cannot_be_claimed(database: Database) -> None:
    with database.write() as connection:
        assert claim(connection, "unknown") is None
        assert downloads.get(connection, "unknown") is None


def test_a_download_with_an_expired_lease_is_queued_again(database: Database) -> None:
    expired, download, queued, completed = (requested(database, item) for item in ("a", "b", "c", "d"))
    with database.write() as connection:
        stale = claimed(connection, expired, lease_s=-1)
        active = claimed(connection, download)
        assert downloads.finish(connection, claimed(connection, completed))
        assert downloads.report(connection, active, bytes_done=3_000_000_000, bytes_total=5_000_000_000)
        assert downloads.release_expired(connection, evidence(connection)) == 1
        assert downloads.release_expired(connection, evidence(connection)) == 0
        assert downloads.still_queued(connection) == [expired, queued]
        # A new request joins the queued download.
        assert request(connection, "a") == (expired, False)
        assert claim(connection, expired) is not None
        # The first worker was only slow. Its writes have no effect any more.
        assert not downloads.report(connection, stale, bytes_done=1, bytes_total=2)
        assert not downloads.finish(connection, stale)
        assert not downloads.fail(connection, stale, code="download_failed", message="")
        assert not downloads.hand_back(connection, stale)
        assert downloads.DOWNLOADS.renew(connection, [stale.lease, active.lease], lease_s=30) == [stale.lease]
    found = [row_of(database, download_id) for download_id in (expired, download, queued, completed)]
    assert [row.status for row in found] == ["running", "running", "queued", "completed"]
    assert found[1].bytes_done == 3_000_000_000


def test_a_stalled_download_without_a_lease_is_queued_again(database: Database) -> None:
    """Workers of an earlier release write no lease."""
    stalled, moving = requested(database, "a"), requested(database, "b")
    with database.write() as connection:
        now = clock(connection)
        connection.execute(update(Download).values(status=JobStatus.RUNNING, updated_at=now))
        long_ago = now - STALLED_S - 1
        connection.execute(update(Download).where(Download.id == stalled).values(updated_at=long_ago))
        assert downloads.release_expired(connection, evidence(connection)) == 1
    assert [row_of(database, one).status for one in (stalled, moving)] == ["queued", "running"]


def test_a_download_that_keeps_expiring_for_a_day_fails(database: Database) -> None:
    download_id = requested(database)
    with database.write() as connection:
        claimed(connection, download_id, lease_s=-1)
        created_at = clock(connection) - GIVE_UP_AFTER_S - 1
        connection.execute(update(Download).values(created_at=created_at))
        assert downloads.release_expired(connection, evidence(connection)) == 1
        assert request(connection)[1]
    row = row_of(database, download_id)
    assert (row.status, row.error_code) == ("failed", "interrupted")
    assert row.error_message is not None
    assert "Request it again" in row.error_message
    assert row.finished_at is not None


def test_a_stopping_worker_hands_its_download_back(database: Database) -> None:
    running = requested(database, "a")
    with database.write() as connection:
        assert downloads.hand_back(connection, claimed(connection, running))
        assert downloads.still_queued(connection) == [running]


def test_queued_downloads_are_listed_oldest_first(database: Database) -> None:
    ids = [requested(database, item) for item in ("b", "a", "c")]
    with database.read() as connection:
        assert downloads.still_queued(connection) == ids
        assert downloads.still_queued(connection, limit=1) == ids[:1]


def test_progress_in_percent() -> None:
    assert downloads.percent(bytes_done=0, bytes_total=0) == 0
    assert downloads.percent(bytes_done=1, bytes_total=3) == 33.3


def test_recent_downloads_are_listed_newest_first(database: Database) -> None:
    ids = [requested(database, item) for item in ("a", "b", "c")]
    with database.read() as connection:
        assert [row.id for row in downloads.recent(connection)] == ids[::-1]
        assert [row.item for row in downloads.recent(connection, limit=1)] == ["c"]
