"""Claimed parts for tests of the worker, without rows behind them."""

from dataclasses import fields
from typing import Any

from common.db.leased_table import Lease
from common.jobs.lease import PARTS, ClaimedPart
from common.jobs.records import JobSpec
from tests.support.rows import new_job

_OF_JOB = {one.name for one in fields(JobSpec)}


def claimed_part(
    text: str, *, voice_id: str = "hibari_heart", attempt: int = 1, job_id: str | None = None, **changes: Any
) -> ClaimedPart:
    """A part of a local job, as a worker claims it. `changes` are fields of the job or of the claim."""
    job = new_job(text=text, voice_id=voice_id, model=voice_id.partition("_")[0], seed_given=True)
    asked = {name: getattr(job, name) for name in _OF_JOB} | {"id": job_id or job.id}
    asked |= {name: changes.pop(name) for name in list(changes) if name in _OF_JOB}
    given: dict[str, Any] = {
        "queue": job.queue,
        "isolated": False,
        "failures": 0,
        "created_at": 0.0,
        "started_at": 0.0,
        "attempts": 1,
        "claimed_at": 0.0,
    }
    lease = Lease(PARTS, (f"{asked['id']}.0",), attempt)
    return ClaimedPart(lease=lease, job=JobSpec(**asked), **given | changes)
