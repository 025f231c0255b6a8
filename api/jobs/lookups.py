"""Finding one job for a route: an id that cannot be ours never reaches database or store."""

from dataclasses import replace

from sqlalchemy import Connection

from api.http.ids import is_id
from api.owner import OWNER
from common.db.database import Database
from common.errors import Conflict, Gone, NotFound
from common.jobs.queries import get_job
from common.jobs.records import JobRecord
from common.recordings import renditions
from common.recordings.queries import SpokenAudio, find_audio
from common.status import JobStatus


def job_not_found() -> NotFound:
    return NotFound("There is no job with this id.", code="job_not_found", param="job_id")


def checked_job_id(text: str) -> str:
    """Raises NotFound."""
    if not is_id(text):
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


def find_job(database: Database, job_id: str) -> JobRecord:
    """Raises NotFound, Gone."""
    with database.read() as connection:
        return living_job(connection, job_id)


def find_spoken_audio(database: Database, job_id: str, *, audio_format: str | None = None) -> SpokenAudio:
    """By the recording, which outlives the job's row; in its own format or another.

    Raises NotFound, Gone, Conflict.
    """
    with database.read() as connection:
        audio = find_audio(connection, [job_id], owner=OWNER).get(job_id)
        if audio is not None and audio_format in (None, audio.format):
            return audio
        if audio is not None:
            return _rendition(connection, audio, str(audio_format))
        job = living_job(connection, job_id)
    if job.status == JobStatus.COMPLETED:
        raise audio_removed(job_id)
    raise Conflict(f"There is no audio: this job is {job.status}.", code="audio_not_ready", job_id=job_id)


def _rendition(connection: Connection, original: SpokenAudio, audio_format: str) -> SpokenAudio:
    """Raises Conflict."""
    job_id = original.job_id
    row = renditions.find(connection, job_id, audio_format=audio_format, owner=OWNER)
    if row is None or row.status != JobStatus.COMPLETED or row.audio is None:
        message = (
            f"There is no {audio_format} of this recording yet: POST /jobs/{job_id}/transcode with"
            f' {{"format": "{audio_format}"}} first.'
        )
        raise Conflict(message, code="not_transcoded", param="format", job_id=job_id)
    return replace(
        original,
        format=audio_format,
        key=row.audio.key,
        sha256=row.audio.sha256,
        duration_s=row.audio.duration_s,
        size_bytes=row.audio.size_bytes,
        created_at=row.audio.created_at,
    )


def audio_removed(job_id: str) -> Gone:
    return Gone("The audio of this job was removed.", code="audio_gone", job_id=job_id)
