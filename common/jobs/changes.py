"""Cancels, deletes and retries jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import Connection, delete, select, update

from common.db.database import clock, upsert
from common.db.tables import Audio, Idempotency, Job, Part, Recording
from common.errors import Conflict, Gone, NotFound
from common.jobs import transitions, usage
from common.jobs.kept_audio import NOTHING_KEPT, KeptAudio
from common.jobs.options import Options
from common.jobs.submission import QueueCapacity, queue_full
from common.messaging.messages import PartMessage
from common.recordings import renditions
from common.status import ACTIVE, JobStatus


@dataclass(frozen=True, slots=True)
class JobDeletion:
    """A deleted job. `pending_delete_keys`: files to delete now. Rows of files are marked until these are deleted."""

    job_id: str
    was: Literal["unfinished", "finished"]
    pending_delete_keys: tuple[str, ...]


def cancel(connection: Connection, job_id: str, *, owner: str) -> bool:
    """Cancel a job. Returns False if it had ended already. Raises NotFound, Gone."""
    job = _lock_or_raise(connection, job_id, owner=owner)
    if job.status.is_terminal:
        return False
    now = clock(connection)
    connection.execute(
        update(Part)
        .where(Part.job_id == job_id, Part.status.in_(ACTIVE))
        .values(status=JobStatus.CANCELLED, lease_until=None)
    )
    connection.execute(
        update(Job).where(Job.id == job_id).values(status=JobStatus.CANCELLED, finished_at=now)
    )
    usage.add(connection, job, now=now, cancelled=1)
    return True


def finish_early(connection: Connection, job_id: str, *, owner: str) -> bool:
    """Let a running job end with the segments that are spoken. Raises NotFound, Gone.

    Returns False if this job cannot do so: it is not running, its text still arrives, or it has several stages.
    """
    job = _lock_or_raise(connection, job_id, owner=owner)
    options = Options.from_row(job.options)
    if job.status != JobStatus.RUNNING or options.live_text or options.stages:
        return False
    connection.execute(update(Job).where(Job.id == job_id).values(finish_early=True))
    return True


def retry(connection: Connection, job_id: str, *, owner: str, capacity: QueueCapacity) -> PartMessage:
    """Queue a failed or cancelled job again, from the start. Raises NotFound, Gone, Conflict, QueueFull.

    Returns the message to publish after the commit.
    """
    job = _lock_or_raise(connection, job_id, owner=owner)
    if job.status not in (JobStatus.FAILED, JobStatus.CANCELLED):
        raise Conflict(f"Only a failed or cancelled job can be retried. This job is {job.status}.")
    now = clock(connection)
    if not capacity.reserve(connection, 1, now=now):
        raise queue_full(capacity.queue_max)
    stages = Options.from_row(job.options).stages
    part = connection.execute(
        update(Part)
        .where(Part.job_id == job_id)
        .values(
            **transitions.QUEUED_AGAIN,
            failures=0,
            crashes=0,
            isolated=False,
            not_before=now,
            next_message_at=now + transitions.FIRST_MESSAGE_RETRY_S,
            created_at=now,
            partial_audio=[],
            kept_audio=NOTHING_KEPT.as_row(),
            **({"queue": stages[0]} if stages else {}),
        )
        .returning(Part.id, Part.queue)
    ).one()
    connection.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(
            **transitions.JOB_QUEUED_AGAIN,
            error_code=None,
            error_message=None,
            finished_at=None,
            finish_early=False,
            timings={},
        )
    )
    return PartMessage(part.id, part.queue, isolated=False)


# A deleted job keeps nothing that its caller wrote: no text, and no lexicon, which is among the options.
_ERASED: dict[str, Any] = {"text": "", "style": None, "options": {}, "audio_key": None}


def remove(connection: Connection, job_id: str, *, owner: str) -> JobDeletion:
    """Delete a job, its recording and its audio. An unfinished job is cancelled first. Raises NotFound, Gone."""
    now = clock(connection)
    job = _lock(connection, job_id, owner=owner)
    recording = connection.execute(
        select(Recording.audio_key, Recording.created_at).where(
            Recording.job_id == job_id, Recording.owner == owner
        )
    ).first()
    if job is None and recording is None:
        raise NotFound(
            "This job does not exist. GET /jobs lists the jobs.", code="job_not_found", param="job_id"
        )
    if job is not None and job.deleted_at is not None:
        raise Gone("This job was deleted.", job_id=job_id)
    unfinished = job is not None and cancel(connection, job_id, owner=owner)
    pending_delete = remove_recordings(connection, [job_id], now=now) if recording else []
    pending_delete += _remove_parts(connection, job_id)
    connection.execute(delete(Idempotency).where(Idempotency.owner == owner, Idempotency.job_id == job_id))
    if job is None:
        _insert_deleted_row(
            connection, job_id, owner=owner, created_at=recording.created_at if recording else now, now=now
        )
    else:
        connection.execute(update(Job).where(Job.id == job_id).values(**_ERASED, deleted_at=now))
    return JobDeletion(job_id, "unfinished" if unfinished else "finished", tuple(pending_delete))


def _remove_parts(connection: Connection, job_id: str) -> list[str]:
    """Delete the parts of a job. Returns the keys of the audio that their attempts have left for the next one."""
    parts = connection.execute(
        delete(Part).where(Part.job_id == job_id).returning(Part.partial_audio, Part.kept_audio)
    )
    return [
        key
        for part in parts
        for key in (*part.partial_audio, *KeptAudio.from_row(part.kept_audio).keys(job_id))
    ]


def delete_audio_rows(connection: Connection, keys: Sequence[str]) -> int:
    """Delete the rows of deleted files. Returns how many there were."""
    connection.execute(update(Job).where(Job.audio_key.in_(keys)).values(audio_key=None))
    return connection.execute(delete(Audio).where(Audio.key.in_(keys))).rowcount


def remove_recordings(connection: Connection, job_ids: Sequence[str], *, now: float) -> list[str]:
    """Delete recordings and their renditions. Returns the keys of files that no recording uses any more.

    The rows of these files are marked, so that a cleanup deletes the files if the caller does not.
    """
    rendition_keys = renditions.remove(connection, job_ids)
    keys = set(
        connection.scalars(
            delete(Recording).where(Recording.job_id.in_(job_ids)).returning(Recording.audio_key)
        )
    )
    still_used = connection.scalars(select(Recording.audio_key).where(Recording.audio_key.in_(keys)))
    pending_delete = sorted(keys.difference(still_used).union(rendition_keys))
    connection.execute(update(Audio).where(Audio.key.in_(pending_delete)).values(pending_delete_at=now))
    return pending_delete


def _insert_deleted_row(
    connection: Connection, job_id: str, *, owner: str, created_at: float, now: float
) -> None:
    """Insert the row of a deleted job whose row the retention had removed, so that its URL answers 410, not 404."""
    connection.execute(
        upsert(connection, Job)
        .values(
            id=job_id,
            owner=owner,
            status=JobStatus.COMPLETED,
            voice_id="",
            model="",
            provider="",
            text="",
            speed=1.0,
            format="",
            priority="interactive",
            seed=0,
            seed_given=False,
            chars=0,
            warnings=[],
            timings={},
            created_at=created_at,
            finished_at=now,
            deleted_at=now,
        )
        .on_conflict_do_nothing()  # Two callers may delete it at the same time.
    )


@dataclass(frozen=True, slots=True)
class _LockedJob:
    """The columns of a job that a change depends on."""

    id: str
    status: JobStatus
    deleted_at: float | None
    owner: str
    model: str
    voice_id: str
    provider: str
    created_at: float
    options: Mapping[str, Any]


def lock_parts(connection: Connection, job_ids: Sequence[str]) -> None:
    """Lock the parts of jobs, before their jobs. Transactions that lock in different orders would deadlock."""
    parts = select(Part.id).where(Part.job_id.in_(job_ids)).order_by(Part.id)
    connection.execute(parts.with_for_update())


def _lock(connection: Connection, job_id: str, *, owner: str) -> _LockedJob | None:
    lock_parts(connection, [job_id])
    columns = (getattr(Job, one.name) for one in fields(_LockedJob))
    query = select(*columns).where(Job.id == job_id, Job.owner == owner).with_for_update()
    row = connection.execute(query).first()
    return _LockedJob(*row) if row else None


def _lock_or_raise(connection: Connection, job_id: str, *, owner: str) -> _LockedJob:
    job = _lock(connection, job_id, owner=owner)
    if job is None:
        raise NotFound(
            "This job does not exist. GET /jobs lists the jobs.", code="job_not_found", param="job_id"
        )
    if job.deleted_at is not None:
        raise Gone("This job was deleted.", job_id=job_id)
    return job
