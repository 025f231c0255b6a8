"""The history: finished recordings, which own their audio. List, search, change and delete them."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.requests import Request

from api.dependencies import DatabaseDep, GatewayDep, SettingsDep
from api.error_handlers import documented_errors
from api.http.cursors import read_cursor, write_cursor
from api.http.dates import end_of, start_of, utc_datetime
from api.http.request_scope import address
from api.jobs import removal
from api.jobs.limits import check_limit, checked_ids
from api.jobs.lookups import checked_job_id
from api.owner import OWNER
from api.schemas.history import History, RecordingChanges, RecordingView
from api.schemas.job import DeletedJob, DeleteResults, JobIds
from common.jobs.retention import HOUR_S
from common.recordings import search
from common.recordings.queries import RecordingRecord, get_recording, list_recordings, set_kept
from common.recordings.search import RecordingFilter
from common.settings import Settings

router = APIRouter(prefix="/history", tags=["history"])

_SearchWords = Annotated[
    str | None,
    Query(
        max_length=200,
        description="Search words. Each must be the beginning of a word in the title or the text. Case, accents and"
        " punctuation are ignored.",
    ),
]
# The ids of mixed voices contain brackets and other characters.
_ID = Query(pattern=r"^[!-~]{1,256}$", description="Exact id.")


@router.get("", responses=documented_errors(400))
def history(
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
    *,
    limit: Annotated[int, Query(ge=1)] = 20,
    cursor: Annotated[str | None, Query(description="The `next_cursor` of the previous page.")] = None,
    q: _SearchWords = None,
    voice: Annotated[str | None, _ID] = None,
    model: Annotated[str | None, _ID] = None,
    from_: Annotated[
        str | None, Query(alias="from", description="An ISO 8601 date or time, in UTC without a time zone.")
    ] = None,
    to: Annotated[str | None, Query(description="As `from`. A date includes the whole day.")] = None,
) -> History:
    """Recordings that match the filters, newest first. A page of long texts ends early, after a megabyte of text."""
    check_limit(limit, settings)
    after = read_cursor("history", cursor)
    filters = RecordingFilter(q, voice, model, start_of(from_, param="from"), end_of(to, param="to"))
    with database.read() as connection:
        page = list_recordings(connection, owner=OWNER, limit=limit, after=after, filters=filters)
    more = (
        write_cursor("history", (page.rows[-1].created_at, page.rows[-1].job_id)) if page.has_more else None
    )
    return History(items=[_view(request, row, settings) for row in page.rows], next_cursor=more)


@router.get("/{job_id}", responses=documented_errors(404, 410))
def recording(request: Request, database: DatabaseDep, settings: SettingsDep, job_id: str) -> RecordingView:
    """One recording."""
    with database.read() as connection:
        return _view(request, _get(connection, checked_job_id(job_id)), settings)


@router.patch("/{job_id}", responses=documented_errors(400, 404, 410, 413, 507))
def change(
    request: Request, database: DatabaseDep, settings: SettingsDep, job_id: str, body: RecordingChanges
) -> RecordingView:
    """Change the title of a recording, which searches use, or exempt the recording from the retention."""
    checked_job_id(job_id)
    with database.write() as connection:
        if "title" in body.model_fields_set:
            search.change_title(connection, job_id, owner=OWNER, title=body.title)
        if "kept" in body.model_fields_set:
            set_kept(connection, job_id, owner=OWNER, kept=body.kept)
        return _view(request, _get(connection, job_id), settings)


@router.delete("/{job_id}", responses=documented_errors(404, 410, 507))
def delete(gateway: GatewayDep, job_id: str) -> DeletedJob:
    """Delete a recording with its audio and its job."""
    removal.delete(
        checked_job_id(job_id),
        only_history=True,
        database=gateway.database,
        store=gateway.store,
        notifier=gateway.notifier,
    )
    return DeletedJob(job_id=job_id)


@router.post("/batch_delete", responses=documented_errors(400, 413, 507))
def batch_delete(gateway: GatewayDep, body: JobIds) -> DeleteResults:
    """Delete several recordings. One that cannot be deleted does not affect the others."""
    ids = checked_ids(body, gateway.settings)
    outcomes = removal.delete_many(
        ids,
        only_history=True,
        database=gateway.database,
        store=gateway.store,
        notifier=gateway.notifier,
    )
    return removal.delete_results(ids, outcomes)


def _get(connection: Connection, job_id: str) -> RecordingRecord:
    """Return a recording. Raises NotFound, Gone."""
    row = get_recording(connection, job_id, owner=OWNER)
    if row is None:
        raise removal.recording_error(connection, job_id)
    return row


def _view(request: Request, row: RecordingRecord, settings: Settings) -> RecordingView:
    expires = bool(settings.clean_max_hours) and not row.kept
    return RecordingView(
        job_id=row.job_id,
        title=row.title,
        text=row.text,
        voice_id=row.voice_id,
        model=row.model,
        provider=row.provider,
        language=row.language,
        speed=row.speed,
        style=row.style,
        format=row.format,
        duration_s=row.duration_s,
        size_bytes=row.size_bytes,
        sample_rate_hz=row.sample_rate_hz,
        sha256=row.sha256,
        audio_url=address(request, f"/jobs/{row.job_id}/audio"),
        created_at=utc_datetime(row.created_at),
        kept=row.kept,
        expires_at=utc_datetime(row.created_at + settings.clean_max_hours * HOUR_S) if expires else None,
        seed=row.seed,
        lexicon=dict(row.lexicon),
    )
