"""Claims for tests of what a worker does with them, without a row behind."""

from typing import Any

from common.jobs.lease import Claim
from tests.support.rows import new_job


def claim_of(text: str, *, voice_id: str = "hibari_heart", **changes: Any) -> Claim:
    """As the worker gets it of a local job."""
    job = new_job(text=text, voice_id=voice_id)
    given: dict[str, Any] = {
        "part_id": job.part_id,
        "attempt": 1,
        "queue": job.queue,
        "alone": False,
        "failures": 0,
        "job_id": job.id,
        "owner": job.owner,
        "voice_id": voice_id,
        "model": voice_id.partition("_")[0],
        "provider": job.provider,
        "text": text,
        "language": None,
        "speed": 1.0,
        "style": None,
        "format": "wav",
        "priority": "interactive",
        "seed": 1,
        "seed_given": True,
        "may_fail_over": False,
        "warnings": (),
        "created_at": 0.0,
        "started_at": 0.0,
        "attempts": 1,
        "claimed_at": 0.0,
        "request_id": None,
    }
    return Claim(**given | changes)
