"""Idempotency keys whose job the retention removed, on SQLite and Postgres."""

from typing import Any

from common.db.database import Database
from common.errors import Conflict, OratioError
from common.jobs import changes, queries, retention, submission
from common.jobs.submission import AcceptedJob, NewJob, QueueCapacity
from tests.support.rows import complete, new_job, submit


def submit_again(database: Database, job: NewJob, **changes: Any) -> AcceptedJob | OratioError:
    """Submit a request with the key of an earlier job."""
    given = {"idempotency_key": job.idempotency_key, "request_hash": job.request_hash}
    with database.write() as connection:
        (answer,) = submission.submit(connection, [new_job(**given | changes)], capacity=QueueCapacity(9))
    return answer


def delete_row(database: Database, job: NewJob) -> None:
    """Delete the row of an ended job, as the retention does."""
    with database.write() as connection:
        assert retention.remove_jobs(connection, [job.id]) == 1


def test_a_key_stands_for_its_recording_after_the_row_of_the_job_was_removed(database: Database) -> None:
    first = new_job(idempotency_key="k", request_hash="a", text="Hello.")
    submit(database, first)
    complete(database, first)
    delete_row(database, first)
    assert submit_again(database, first) == AcceptedJob(first.id, first.part_id, first.queue, created=False)
    assert isinstance(submit_again(database, first, request_hash="b"), Conflict)
    with database.read() as connection:
        row = queries.get_job_or_recording(connection, first.id, owner="local")
        assert queries.get_job_or_recording(connection, first.id, owner="another owner") is None
    assert row is not None
    assert (row.status, row.text, row.duration_s, row.is_over) == ("completed", "Hello.", 1.5, True)


def test_a_key_whose_job_and_recording_were_removed_starts_a_new_job(database: Database) -> None:
    first = new_job(idempotency_key="k", request_hash="a")
    submit(database, first)
    with database.write() as connection:
        assert changes.cancel(connection, first.id, owner="local")
    delete_row(database, first)
    second = submit_again(database, first, request_hash="b")
    assert isinstance(second, AcceptedJob)
    assert second.created
    assert isinstance(submit_again(database, first), Conflict), "the key stands for the new request"
    again = submit_again(database, first, request_hash="b")
    assert isinstance(again, AcceptedJob)
    assert (again.job_id, again.created) == (second.job_id, False)
