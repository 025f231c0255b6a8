"""Claimed parts that exist in no database, for tests of the worker."""

from dataclasses import fields
from typing import Any

from common.db.leased_table import Lease
from common.jobs.lease import PARTS, ClaimedPart
from common.jobs.records import JobSpec
from tests.support.rows import new_job

_JOB_FIELDS = {one.name for one in fields(JobSpec)}


def claimed_part(
    text: str, *, voice_id: str = "hibari_heart", attempt: int = 1, job_id: str | None = None, **changes: Any
) -> ClaimedPart:
    """A claimed part of a local job. `changes` are fields of JobSpec or ClaimedPart."""
    job = new_job(text=text, voice_id=voice_id, model=voice_id.partition("_")[0], seed_given=True)
    job_fields = {name: getattr(job, name) for name in _JOB_FIELDS} | {"id": job_id or job.id}
    job_fields |= {name: changes.pop(name) for name in list(changes) if name in _JOB_FIELDS}
    part_fields: dict[str, Any] = {
        "queue": job.queue,
        "isolated": False,
        "failures": 0,
        "created_at": 0.0,
        "started_at": 0.0,
        "attempts": 1,
        "claimed_at": 0.0,
    }
    lease = Lease(PARTS, (f"{job_fields['id']}.0",), attempt)
    return ClaimedPart(lease=lease, job=JobSpec(**job_fields), **part_fields | changes)
