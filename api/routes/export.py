"""Export recordings."""

from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from api.dependencies import GatewayDep
from api.error_handlers import Responses, documented_errors
from api.jobs import archive
from api.jobs.limits import checked_ids
from api.schemas.job import ExportRequest
from common.errors import NotFound

router = APIRouter(prefix="/export", tags=["history"])

_ZIP: Responses = {
    200: {
        "description": "The audio of the jobs, their captions if asked for, and `manifest.json`.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/zip", response_class=Response, responses=_ZIP | documented_errors(400, 404, 413))
def export(gateway: GatewayDep, body: ExportRequest) -> Response:
    """A ZIP, streamed while it is created. Its manifest lists ids without audio as missing."""
    ids = checked_ids(body, gateway.settings)
    entries = archive.find_entries(gateway.database, ids)
    if not entries:
        raise NotFound(
            "None of these jobs has audio. GET /history lists the recordings.",
            code="nothing_to_export",
            param="job_ids",
        )
    name = f"oratio-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
    return StreamingResponse(
        archive.write_zip(
            gateway.database, gateway.store, entries, job_ids=ids, caption_format=body.captions
        ),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
