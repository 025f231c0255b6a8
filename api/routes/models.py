"""Models: their status and downloads, and loading or unloading them."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from api.dependencies import DatabaseDep, GatewayDep, SettingsDep
from api.error_handlers import Responses, documented_errors
from api.http import server_sent_events
from api.models import commands, download_events, download_plan
from api.models.model_views import download_view, model_view
from api.schemas.model import (
    DownloadRequest,
    Downloads,
    DownloadView,
    ModelCommandRequest,
    ModelCommandResult,
    ModelsStatus,
)
from common import downloads
from common.catalogue import MODELS
from common.catalogue.download_items import DownloadItem
from common.db.database import Database
from common.downloads import DownloadRecord
from common.ids import new_id
from common.messaging.messages import PRELOAD, UNLOAD
from common.status import ACTIVE
from common.worker_registry import recent_workers

router = APIRouter(prefix="/models", tags=["models"])

_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {
            "type": "string",
            "description": "First `snapshot`: the download. Then `progress` with `bytes_done`, `bytes_total` and"
            " `percent`. Finally `completed`, or `failed` with `code` and `message`.",
        },
        "data": {"type": "string", "description": "A JSON object."},
    },
}
_EVENT_RESPONSES: Responses = {
    200: {
        "description": "Events until the download ends. The schema describes one event.",
        "content": {"text/event-stream": {"schema": _EVENT}},
    },
}


@router.get("/status", responses=documented_errors())
def status(database: DatabaseDep, settings: SettingsDep) -> ModelsStatus:
    """Every model: its files, where it is loaded and in use, and recent downloads."""
    with database.read() as connection:
        workers = recent_workers(connection)
        recent = [download_view(row) for row in downloads.recent(connection)]
    active = [download for download in recent if download.status in ACTIVE]
    return ModelsStatus(
        provider=settings.provider_mode,
        models=[model_view(model, workers, settings, downloads=active) for model in MODELS.values()],
        downloads=recent,
    )


@router.post("/download", status_code=202, responses=documented_errors(400, 404, 413, 507))
def download(gateway: GatewayDep, body: DownloadRequest | None = None) -> Downloads:
    """Download missing files into the models folder. Follow it with `GET /models/downloads/{download_id}/events`."""
    with gateway.database.read() as connection:
        workers = recent_workers(connection)
    plan = download_plan.plan_downloads(body, workers, gateway.settings)
    rows = _request_all(gateway.database, plan.missing)
    for row in rows:
        if row.status == "queued":
            gateway.notifier.notify_download(row.id)
    return Downloads(
        downloads=[download_view(row) for row in rows],
        present=[item.name for item in plan.present],
    )


@router.post("/warm", status_code=202, responses=documented_errors(400, 413))
def warm(gateway: GatewayDep, body: ModelCommandRequest) -> ModelCommandResult:
    """Load models in advance, on every worker that serves them."""
    return commands.send_commands(gateway.database, gateway.notifier, body, PRELOAD)


@router.post("/unload", status_code=202, responses=documented_errors(400, 413))
def unload(gateway: GatewayDep, body: ModelCommandRequest) -> ModelCommandResult:
    """Unload models that are not in use, on every worker. The next job loads them again."""
    return commands.send_commands(gateway.database, gateway.notifier, body, UNLOAD)


@router.get("/downloads/{download_id}", summary="One download", responses=documented_errors(404))
def one_download(database: DatabaseDep, download_id: str) -> DownloadView:
    """The status of a download."""
    return download_view(download_events.find(database, download_id))


@router.get(
    "/downloads/{download_id}/events",
    response_class=StreamingResponse,
    responses=_EVENT_RESPONSES | documented_errors(404),
)
async def events(gateway: GatewayDep, download_id: str) -> Response:
    """Server-sent events with the progress of a download. A client that reconnects gets a new snapshot."""
    row = await run_in_threadpool(download_events.find, gateway.database, download_id)
    messages = download_events.stream(gateway.database, gateway.event_bus, row.id)
    return StreamingResponse(
        messages, headers=server_sent_events.HEADERS, media_type=server_sent_events.MEDIA_TYPE
    )


def _request_all(database: Database, missing: tuple[DownloadItem, ...]) -> list[DownloadRecord]:
    if not missing:
        return []
    with database.write() as connection:
        ids = [
            downloads.request(connection, new_id=new_id(), model=item.model, item=item.item, bytes_total=0)[0]
            for item in missing
        ]
        return [row for download_id in ids if (row := downloads.get(connection, download_id)) is not None]
