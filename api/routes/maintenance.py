"""Describe the retention, and run its cleanup on demand."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import DatabaseDep, GatewayDep, SettingsDep
from api.error_handlers import documented_errors
from api.http.dates import utc_datetime_or_none
from api.schemas.maintenance import CleanupReport, CleanupRequest, Retention
from common.jobs.cleanup import clean, count_removable
from common.jobs.retention import count_left

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


@router.get("/retention")
def retention(database: DatabaseDep, settings: SettingsDep) -> Retention:
    """How long and how many recordings are kept, how many there are, and how many are deleted soon."""
    with database.read() as connection:
        left = count_left(connection, settings)
    return Retention(
        max_age_hours=settings.clean_max_hours or None,
        max_recordings=settings.clean_max_history or None,
        recordings=left.recordings,
        kept=left.kept,
        due=left.due,
        next_at=utc_datetime_or_none(left.next_at),
    )
