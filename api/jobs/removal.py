"""Delete jobs and recordings: first the rows, then listeners are notified, then the files are deleted."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from api.jobs.lookups import checked_job_id
from api.owner import OWNER
from api.schemas.error import ErrorDetail
from api.schemas.job import DeleteResult, DeleteResults
from common.db.database import Database
from common.errors import Gone, NotFound, OratioError
from common.jobs.changes import JobDeletion, delete_audio_rows, remove
from common.jobs.queries import get_job
from common.logs import get_logger
from common.messaging.notifier import Notifier
from common.recordings.queries import find_audio
from common.store import Store

log = get_logger(__name__)

# Ids per transaction. A long transaction would block other writers.
BATCH_SIZE = 50


def delete(job_id: str, *, only_history: bool, database: Database, store: Store, notifier: Notifier) -> None:
    """Raises NotFound, Gone. With `only_history` a job without a recording is not found."""
    outcomes = delete_many(
        [job_id], only_history=only_history, database=database, store=store, notifier=notifier
    )
    outcome = outcomes[job_id]
    if isinstance(outcome, OratioError):
        raise outcome


def delete_many(
    job_ids: Sequence[str], *, only_history: bool, database: Database, store: Store, notifier: Notifier
) -> dict[str, JobDeletion | OratioError]:
    """Return the outcome for each id. An id that cannot be deleted does not affect the others."""
    # Sorted, so that two concurrent requests cannot deadlock.
    ordered = sorted(set(job_ids))
    database.reserve.give_up_if_needed()
    outcomes: dict[str, JobDeletion | OratioError] = {}
    for start in range(0, len(ordered), BATCH_SIZE):
        with database.write() as connection:
            batch = {
                job_id: _remove(connection, job_id, only_history=only_history)
                for job_id in ordered[start : start + BATCH_SIZE]
            }
        deleted = [done for done in batch.values() if isinstance(done, JobDeletion)]
        for done in deleted:
            if done.was == "unfinished":
                notifier.publish_event(done.job_id, "cancelled")
        _delete_files([key for done in deleted for key in done.pending_delete_keys], database, store)
        outcomes |= batch
    return outcomes


def delete_results(ids: Sequence[str], outcomes: Mapping[str, object]) -> DeleteResults:
    return DeleteResults(results=[_result(job_id, outcomes[job_id]) for job_id in ids])


def _result(job_id: str, outcome: object) -> DeleteResult:
    if not isinstance(outcome, OratioError):
        return DeleteResult(job_id=job_id, deleted=True, error=None)
    error = ErrorDetail(
        message=outcome.message,
        type=outcome.type,
        param=outcome.param,
        code=outcome.code,
        job_id=outcome.job_id,
    )
    return DeleteResult(job_id=job_id, deleted=False, error=error)


def _remove(connection: Connection, job_id: str, *, only_history: bool) -> JobDeletion | OratioError:
    try:
        checked_job_id(job_id)
        if only_history and job_id not in find_audio(connection, [job_id], owner=OWNER):
            return recording_error(connection, job_id)
        return remove(connection, job_id, owner=OWNER)
    except OratioError as error:  # raised before anything is written
        return error


def recording_error(connection: Connection, job_id: str) -> OratioError:
    """Return the error for a job that has no recording."""
    job = get_job(connection, job_id, owner=OWNER)
    if job is not None and job.deleted_at is not None:
        return Gone("This recording was deleted.", job_id=job_id)
    return NotFound(
        "This job has no recording. GET /history lists the recordings.",
        code="recording_not_found",
        param="job_id",
    )


def _delete_files(pending_delete: Sequence[str], database: Database, store: Store) -> None:
    if not pending_delete:
        return
    try:
        store.delete(pending_delete)
        with database.write() as connection:
            delete_audio_rows(connection, pending_delete)
    except Exception as error:
        # The rows are marked, so the next cleanup deletes these files.
        log.warning("files remain for the cleanup", files=len(pending_delete), error=type(error).__name__)
