"""Models: what is where, and fetching what is missing."""

from fastapi import APIRouter
from starlette.requests import Request

from api import weights
from api.context import here
from api.lookups import is_job_id
from api.refusals import documented
from api.schemas.model import DownloadRequest, Downloads, DownloadView, ModelsStatus
from common import downloads
from common.catalogue import MODELS, Voice
from common.database import Database
from common.errors import NotFound
from common.fleet import seen_lately
from common.identity import new_id
from common.tables import AnyRow

router = APIRouter(prefix="/models", tags=["models"])


@router.get("/status", responses=documented())
def status(request: Request) -> ModelsStatus:
    """Every model, which workers have it, and the downloads of late."""
    gateway = here(request)
    with gateway.database.read() as connection:
        fleet = seen_lately(connection)
        recent = downloads.recent(connection)
    return ModelsStatus(
        provider=gateway.settings.provider_mode,
        models=[weights.model_view(model, fleet, gateway.settings) for model in MODELS.values()],
        downloads=[weights.download_view(row) for row in recent],
    )


@router.post("/download", status_code=202, responses=documented(400, 404, 413))
def download(request: Request, body: DownloadRequest | None = None) -> Downloads:
    """Fetch voices that are missing, one download each; asking twice does not fetch twice."""
    gateway = here(request)
    with gateway.database.read() as connection:
        fleet = seen_lately(connection)
    wanted = weights.wanted(body, fleet, gateway.settings)
    rows = _request_all(gateway.database, wanted.missing)
    gateway.doorbell.ring_downloads([row.id for row in rows if row.status == "queued"])
    return Downloads(
        downloads=[weights.download_view(row) for row in rows],
        present=[voice.id for voice in wanted.present],
        unsupported=list(wanted.unsupported),
    )


@router.get("/downloads/{download_id}", responses=documented(404))
def one_download(request: Request, download_id: str) -> DownloadView:
    """How a download stands."""
    row = None
    if is_job_id(download_id):
        with here(request).database.read() as connection:
            row = downloads.get(connection, download_id)
    if row is None:
        raise NotFound("There is no download with this id.", code="download_not_found", param="download_id")
    return weights.download_view(row)


def _request_all(database: Database, missing: tuple[Voice, ...]) -> list[AnyRow]:
    if not missing:
        return []
    with database.write() as connection:
        ids = [
            downloads.request(
                connection, new_id=new_id(), model=voice.model, item=voice.engine_voice, bytes_total=0
            )[0]
            for voice in missing
        ]
        return [row for download_id in ids if (row := downloads.get(connection, download_id)) is not None]
