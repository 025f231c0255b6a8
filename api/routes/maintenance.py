"""Run the retention cleanup on demand."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import GatewayDep
from api.error_handlers import documented_errors
from api.schemas.maintenance import CleanupReport, CleanupRequest
from common.jobs.cleanup import clean, count_removable

router = APIRouter(prefix="/maintenance", tags=["service"])


@router.post("/cleanup", responses=documented_errors(400, 409, 507))
def cleanup(
    gateway: GatewayDep,
    *,
    body: CleanupRequest | None = None,
    dry_run: Annotated[bool, Query(description="Only count what would be deleted.")] = False,
) -> CleanupReport:
    """Delete jobs and recordings beyond the retention limits of the settings. One cleanup runs at a time."""
    only_count = dry_run or (body is not None and body.dry_run)
    run = count_removable if only_count else clean
    removed = run(gateway.database, gateway.store, gateway.settings)
    return CleanupReport(dry_run=only_count, **removed.counts())
