"""Recordings of any age, for tests of the cleanup."""

import io
import time
from typing import Any

from sqlalchemy import select, text, update

from common.db.database import Database
from common.db.tables import Job, Recording
from common.jobs import lease
from common.settings import Settings
from common.store import Store
from tests.support.rows import claim_part, new_job, result_of, submit

HOUR = 3600.0


def limits(**changed: Any) -> Settings:
    given = {"clean_max_hours": 48, "clean_max_history": 0, "jobs_max": 0, "clean_min_age_s": 3600}
    return Settings(_env_file=None, **given | changed)


def put_file(store: Store, key: str) -> None:
    store.put(key, io.BytesIO(b"sound"))


def add_completed_job(database: Database, store: Store, *, hours_ago: float = 0.0) -> str:
    """Add a completed job of the given age, with its file. Returns its id."""
    job = new_job()
    submit(database, job)
    part = claim_part(database, job)
    finished = result_of(part, size_bytes=5)
    put_file(store, finished.key)
    with database.write() as connection:
        assert lease.finish(connection, part, finished)
    set_age(database, job.id, hours_ago)
    return job.id


def set_age(database: Database, job_id: str, hours_ago: float) -> None:
    moment = time.time() - hours_ago * HOUR
    with database.write() as connection:
        connection.execute(update(Job).where(Job.id == job_id).values(created_at=moment))
        ended = Job.finished_at.is_not(None)
        connection.execute(update(Job).where(Job.id == job_id, ended).values(finished_at=moment))
        connection.execute(update(Recording).where(Recording.job_id == job_id).values(created_at=moment))


def ids(database: Database, column: Any) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(select(column)))


def keys(store: Store) -> set[str]:
    found = store.keys()
    return {key for key, _, _ in found}


def end_all(database: Database, *, hours_ago: float = 0.0) -> None:
    """Complete all queued jobs, with a recording and an audio each, as if they had ended then."""
    with database.write() as connection:
        queued = update(Job).where(Job.status == "queued")
        connection.execute(queued.values(created_at=Job.created_at - hours_ago * HOUR))
        connection.execute(text("DELETE FROM parts WHERE status = 'queued'"))
        connection.execute(
            text(
                "INSERT INTO audio (key, sha256, recipe, format, sample_rate_hz, duration_s, size_bytes, created_at)"
                " SELECT id, '', '', 'wav', 1, 1, 1, created_at FROM jobs WHERE status = 'queued'"
            )
        )
        connection.execute(
            text(
                "INSERT INTO recordings (job_id, owner, title, text, voice_id, model, provider, speed, audio_key,"
                " created_at) SELECT id, owner, '', '', voice_id, model, provider, 1, id, created_at FROM jobs"
                " WHERE status = 'queued'"
            )
        )
        connection.execute(
            text("UPDATE jobs SET status = 'completed', finished_at = created_at WHERE status = 'queued'")
        )
        connection.execute(text("ANALYZE"))
