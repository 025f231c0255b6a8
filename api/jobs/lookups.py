"""Look up a job or its audio for a route. Malformed ids never reach the database or the store."""

from dataclasses import replace

from sqlalchemy import Connection

from api.http.ids import is_id
from api.owner import OWNER
from common.db.database import Database
from common.errors import Conflict, Gone, NotFound
from common.jobs.queries import get_job_or_recording
from common.jobs.records import JobRecord
from common.recordings import renditions
from common.recordings.queries import SpokenAudio, find_audio
from common.status import JobStatus


def job_not_found() -> NotFound:
    return NotFound(
        "This job does not exist. GET /jobs lists the jobs.", code="job_not_found", param="job_id"
    )


def checked_job_id(text: str) -> str:
    """Return an id that is well-formed. Raises NotFound."""
    if not is_id(text):
        raise job_not_found()
    return text


def living_job(connection: Connection, job_id: str) -> JobRecord:
    """Return a job that was not deleted. Raises NotFound, Gone."""
    row = get_job_or_recording(connection, job_id, owner=OWNER)
    if row is None:
        raise job_not_found()
    if row.deleted_at is not None:
        raise Gone("This job was deleted.", job_id=job_id)
    return row


def find_job(database: Database, job_id: str) -> JobRecord:
    """Return a job that was not deleted. Raises NotFound, Gone."""
    with database.read() as connection:
        return living_job(connection, job_id)


def find_spoken_audio(database: Database, job_id: str, *, audio_format: str | None = None) -> SpokenAudio:
    """Return the audio of a job in its own format, or in another one that was transcoded.

    Searches the recordings, because they outlive the rows of jobs. Raises NotFound, Gone, Conflict.
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
    raise Conflict(
        f"This job has no audio, because it is {job.status}.", code="audio_not_ready", job_id=job_id
    )


def _rendition(connection: Connection, original: SpokenAudio, audio_format: str) -> SpokenAudio:
    """Raises Conflict."""
    job_id = original.job_id
    row = renditions.find(connection, job_id, audio_format=audio_format, owner=OWNER)
    if row is None or row.status != JobStatus.COMPLETED or row.audio is None:
        message = (
            f"This recording is not available as {audio_format} yet. Request it with POST /jobs/{job_id}/transcode and"
            f' {{"format": "{audio_format}"}}.'
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
