"""Inserts and changes rows of jobs for tests of queries."""

from typing import Any

from sqlalchemy import Connection

from common.db.database import Database, clock
from common.db.leased_table import Evidence
from common.ids import new_id
from common.jobs import lease, submission
from common.jobs.lease import ClaimedPart, SynthesisResult
from common.jobs.submission import AcceptedJob, NewJob, QueueCapacity
from common.store import audio_key


def new_job(**changes: Any) -> NewJob:
    values: dict[str, Any] = {
        "id": new_id(),
        "voice_id": "hibari_heart",
        "model": "hibari",
        "provider": "local",
        "queue": "hibari.interactive",
        "text": "Hello there.",
        "language": None,
        "speed": 1.0,
        "style": None,
        "format": "wav",
        "priority": "interactive",
        "seed": 1,
        "seed_given": False,
    }
    return NewJob(**values | changes)


def submit(database: Database, *jobs: NewJob, queue_max: int = 1000) -> list[AcceptedJob]:
    """Submit jobs. Every job must be accepted."""
    with database.write() as connection:
        outcomes = submission.submit(connection, jobs, capacity=QueueCapacity(queue_max))
    assert all(isinstance(outcome, AcceptedJob) for outcome in outcomes), outcomes
    return [outcome for outcome in outcomes if isinstance(outcome, AcceptedJob)]


def claim_part(
    database: Database,
    job: NewJob,
    *,
    isolated: bool = False,
    worker_id: str = "test",
    lease_s: float = 30.0,
) -> ClaimedPart:
    """Claim a part. The worker `test` has announced nothing, so it is dead for the sweep."""
    with database.write() as connection:
        part = lease.claim(connection, job.part_id, isolated=isolated, worker_id=worker_id, lease_s=lease_s)
    assert part is not None
    return part


def evidence(connection: Connection, **changes: Any) -> Evidence:
    """What a sweep knows now. Without `changes`: no stall, and no process of a worker is known to have ended."""
    return Evidence(**{"now": clock(connection), "lease_s": 30.0} | changes)


def result_of(part: ClaimedPart, **changes: Any) -> SynthesisResult:
    values: dict[str, Any] = {
        "key": audio_key(part.job.id, attempt=part.attempt, extension="wav"),
        "sha256": "0" * 64,
        "recipe": "1" * 64,
        "format": "wav",
        "sample_rate_hz": 24_000,
        "duration_s": 1.5,
        "size_bytes": 72_044,
        "segments": 1,
        "first_audio_ms": 50.0,
        "synthesis_ms": 60.0,
        "encode_ms": 1.0,
        "warnings": (),
    }
    return SynthesisResult(**values | changes)


def complete(database: Database, job: NewJob) -> ClaimedPart:
    part = claim_part(database, job)
    with database.write() as connection:
        assert lease.finish(connection, part, result_of(part)) is not None
    return part
