"""The current state of workers and queues."""

from fastapi import APIRouter

from api.dependencies import DatabaseDep
from api.error_handlers import documented_errors
from api.models.worker_views import queue_views, worker_views
from api.schemas.worker import Workers
from common.jobs.queues import queue_statuses, running_parts
from common.worker_registry import recent_workers

router = APIRouter(tags=["service"])


@router.get("/workers", responses=documented_errors())
def workers(database: DatabaseDep) -> Workers:
    """Every worker with its models and current parts, and every queue with its length and number of workers."""
    with database.read() as connection:
        recent = recent_workers(connection)
        leased = running_parts(connection)
        queues = queue_statuses(connection, leased)
    return Workers(workers=worker_views(recent, leased), queues=queue_views(recent, queues))
