"""The history: finished recordings, which own their audio."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from api import removal
from api.batches import checked_ids, checked_limit, delete_results
from api.context import OWNER, address, here
from api.cursors import read_cursor, write_cursor
from api.lookups import checked_id
from api.refusals import documented
from api.schemas.history import History, RecordingView
from api.schemas.job import DeletedJob, DeleteResults, JobIds
from api.views import moment
from common.jobs.reading import list_recordings
from common.tables import AnyRow

router = APIRouter(prefix="/history", tags=["history"])


@router.get("", responses=documented(400))
def history(
    request: Request,
    *,
    limit: Annotated[int, Query(ge=1)] = 20,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
) -> History:
    """Newest first."""
    gateway = here(request)
    checked_limit(limit, gateway.settings)
    after = read_cursor("history", cursor)
    with gateway.database.read() as connection:
        rows = list_recordings(connection, owner=OWNER, limit=limit + 1, after=after)
    shown = rows[:limit]
    more = write_cursor("history", (shown[-1].created_at, shown[-1].job_id)) if len(rows) > limit else None
    return History(items=[_view(request, row) for row in shown], next_cursor=more)


@router.delete("/{job_id}", responses=documented(404, 410))
def delete(request: Request, job_id: str) -> DeletedJob:
    """Remove a recording with its audio and its job."""
    removal.delete(here(request), checked_id(job_id), only_history=True)
    return DeletedJob(job_id=job_id)


@router.post("/batch_delete", responses=documented(400, 413))
def batch_delete(request: Request, body: JobIds) -> DeleteResults:
    """Remove many recordings; one that cannot be deleted leaves the others alone."""
    gateway = here(request)
    ids = checked_ids(body, gateway.settings)
    return delete_results(ids, removal.delete_many(gateway, ids, only_history=True))


def _view(request: Request, row: AnyRow) -> RecordingView:
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
        created_at=moment(row.created_at),
    )
