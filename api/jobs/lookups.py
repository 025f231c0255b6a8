"""Finding one job for a route: an id that cannot be ours never reaches database or store."""

import re

from sqlalchemy import Connection

from api.dependencies import OWNER
from common.errors import Gone, NotFound
from common.jobs.queries import get_job
from common.jobs.records import JobRecord

_JOB_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_job_id(text: str) -> bool:
    return _JOB_ID.fullmatch(text) is not None


def job_not_found() -> NotFound:
    return NotFound("There is no job with this id.", code="job_not_found", param="job_id")


def checked_id(text: str) -> str:
    """Raises NotFound."""
    if not is_job_id(text):
        raise job_not_found()
    return text


def living_job(connection: Connection, job_id: str) -> JobRecord:
    """Raises NotFound, Gone."""
    row = get_job(connection, job_id, owner=OWNER)
    if row is None:
        raise job_not_found()
    if row.deleted_at is not None:
        raise Gone("This job was deleted.", job_id=job_id)
    return row
