"""Recordings and searches of them, for tests."""

from common.db.database import Database
from common.recordings import queries as recordings
from common.recordings.search import RecordingFilter
from tests.support.rows import complete, new_job, submit


def add_recording(database: Database, text: str, **changed: object) -> str:
    job = new_job(text=text, **changed)
    submit(database, job)
    complete(database, job)
    return job.id


def search_ids(database: Database, query: str, **filters: object) -> list[str]:
    with database.read() as connection:
        page = recordings.list_recordings(
            connection,
            owner="local",
            limit=50,
            filters=RecordingFilter(query, **filters),  # type: ignore[arg-type]
        )
    return [row.job_id for row in page.rows]
