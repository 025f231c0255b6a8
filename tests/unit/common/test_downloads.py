"""Downloads as rows, on SQLite and on Postgres."""

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

T = TypeVar("T")


def ask(connection: Connection, item: str = "emma") -> tuple[str, bool]:
    return downloads.request(
        connection, new_id=new_id(), model="hibari", item=item, bytes_total=5_000_000_000
    )


def asked(database: Database, item: str = "emma") -> str:
    with database.write() as connection:
        return ask(connection, item)[0]


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


def at_once(database: Database, act: Callable[[Connection], T], *, times: int = 8) -> list[T]:
    """Each in a thread and a transaction of its own, all begun together."""
    answers: list[T] = []
    start = threading.Barrier(times)

    def race() -> None:
        start.wait()
        with database.write() as connection:
            answers.append(act(connection))

    threads = [threading.Thread(target=race) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == times
    return answers


@pytest.fixture
def gateway(database_url: str) -> Iterator[Database]:
    """With the larger pool, so that eight threads are eight connections."""
    opened = Database(database_url, role="gateway")
    yield opened
    opened.close()


def test_asked_twice_it_is_one(database: Database) -> None:
    with database.write() as connection:
        first, created = ask(connection)
        assert created
        assert ask(connection) == (first, False)
        other, created = ask(connection, "fable")
        assert created
        assert other != first
        assert claim(connection, first) is not None
        assert ask(connection) == (first, False)
    row = row_of(database, first)
    assert (row.model, row.item, row.status, row.bytes_total) == ("hibari", "emma", "running", 5_000_000_000)


def test_asked_by_many_at_once_it_is_one(gateway: Database) -> None:
    answers = at_once(gateway, ask)
    assert len({download_id for download_id, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1


@pytest.mark.parametrize("code", [None, "download_failed"])
def test_one_that_ended_may_be_asked_for_again(database: Database, code: str | None) -> None:
    first = asked(database)
    with database.write() as connection:
        held = claimed(connection, first)
        assert (
            downloads.fail(connection, held, code=code, message="why")
            if code
            else downloads.finish(connection, held)
        )
        again, created = ask(connection)
    assert created
    assert again != first
    row = row_of(database, first)
    assert (row.status, row.error_code) == ("failed" if code else "completed", code)
    assert row.finished_at is not None
    assert row.finished_at >= row.created_at


def test_one_of_many_begins(gateway: Database) -> None:
    download_id = asked(gateway)
    begun = [row for row in at_once(gateway, lambda c: claim(c, download_id)) if row]
    assert [(row.model, row.item) for row in begun] == [("hibari", "emma")]
    assert row_of(gateway, download_id).status == "running"


def test_nobody_begins_what_was_never_asked(database: Database) -> None:
    with database.write() as connection:
        assert claim(connection, "unknown") is None
        assert downloads.get(connection, "unknown") is None


def test_a_download_whose_lease_ran_out_is_queued_again(database: Database) -> None:
    expired, held, queued, ended = (asked(database, item) for item in ("a", "b", "c", "d"))
    with database.write() as connection:
        stale = claimed(connection, expired, lease_s=-1)
        alive = claimed(connection, held)
        assert downloads.finish(connection, claimed(connection, ended))
        assert downloads.report(connection, alive, bytes_done=3_000_000_000, bytes_total=5_000_000_000)
        assert downloads.release_expired(connection) == 1
        assert downloads.release_expired(connection) == 0
        assert downloads.still_queued(connection) == [expired, queued]
        # A new request joins it.
        assert ask(connection, "a") == (expired, False)
        assert claim(connection, expired) is not None
        # The first worker was only slow. Its writes are void now.
        assert not downloads.report(connection, stale, bytes_done=1, bytes_total=2)
        assert not downloads.finish(connection, stale)
        assert not downloads.fail(connection, stale, code="download_failed", message="")
        assert not downloads.hand_back(connection, stale)
        assert downloads.DOWNLOADS.renew(connection, [stale.lease, alive.lease], lease_s=30) == [stale.lease]
    found = [row_of(database, download_id) for download_id in (expired, held, queued, ended)]
    assert [row.status for row in found] == ["running", "running", "queued", "completed"]
    assert found[1].bytes_done == 3_000_000_000


def test_a_download_of_an_earlier_release_expires_when_it_does_not_move(database: Database) -> None:
    """Such a worker writes no lease."""
    stalled, moving = asked(database, "a"), asked(database, "b")
    with database.write() as connection:
        now = clock(connection)
        connection.execute(update(Download).values(status=JobStatus.RUNNING, updated_at=now))
        long_ago = now - STALLED_S - 1
        connection.execute(update(Download).where(Download.id == stalled).values(updated_at=long_ago))
        assert downloads.release_expired(connection) == 1
    assert [row_of(database, one).status for one in (stalled, moving)] == ["queued", "running"]


def test_a_download_that_expires_for_a_day_is_given_up(database: Database) -> None:
    download_id = asked(database)
    with database.write() as connection:
        claimed(connection, download_id, lease_s=-1)
        created_at = clock(connection) - GIVE_UP_AFTER_S - 1
        connection.execute(update(Download).values(created_at=created_at))
        assert downloads.release_expired(connection) == 1
        assert ask(connection)[1]
    row = row_of(database, download_id)
    assert (row.status, row.error_code) == ("failed", "interrupted")
    assert row.error_message is not None
    assert "Request it again" in row.error_message
    assert row.finished_at is not None


def test_a_worker_that_stops_hands_it_back(database: Database) -> None:
    running = asked(database, "a")
    with database.write() as connection:
        assert downloads.hand_back(connection, claimed(connection, running))
        assert downloads.still_queued(connection) == [running]


def test_the_oldest_is_rung_for_first(database: Database) -> None:
    ids = [asked(database, item) for item in ("b", "a", "c")]
    with database.read() as connection:
        assert downloads.still_queued(connection) == ids
        assert downloads.still_queued(connection, limit=1) == ids[:1]


def test_percent() -> None:
    assert downloads.percent(bytes_done=0, bytes_total=0) == 0
    assert downloads.percent(bytes_done=1, bytes_total=3) == 33.3


def test_the_recent_ones_newest_first(database: Database) -> None:
    ids = [asked(database, item) for item in ("a", "b", "c")]
    with database.read() as connection:
        assert [row.id for row in downloads.recent(connection)] == ids[::-1]
        assert [row.item for row in downloads.recent(connection, limit=1)] == ["c"]
