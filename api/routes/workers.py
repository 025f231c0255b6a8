"""Workers and queues, as they are at this moment."""

from fastapi import APIRouter
from starlette.requests import Request

from api.dependencies import here
from api.error_handlers import documented
from api.models.worker_views import queue_views, worker_views
from api.schemas.worker import Workers
from common.jobs.queues import queue_statuses, running_parts
from common.worker_registry import recent_workers

router = APIRouter(tags=["service"])


@router.get("/workers", responses=documented())
def workers(request: Request) -> Workers:
    """Every worker with its models and what it speaks now; every queue with what waits in it and who takes from it."""
    with here(request).database.read() as connection:
        fleet = recent_workers(connection)
        held = running_parts(connection)
        queues = queue_statuses(connection, held)
    return Workers(workers=worker_views(fleet, held), queues=queue_views(fleet, queues))
