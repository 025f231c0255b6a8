"""Liveness and readiness checks."""

import asyncio
from collections.abc import Sequence
from typing import Any

import redis
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from api.dependencies import Gateway, GatewayDep
from api.models.worker_cache import WorkerCache
from api.schemas.health import Health, Limits, Readiness, ReadinessCheck, ReadinessChecks
from api.shared_read import PROBE_WITHIN_S, SharedRead
from common import __version__
from common.formats import MEDIA_TYPES
from common.logs import get_logger
from common.settings import Settings
from common.watched_threads import troubles
from common.worker_registry import WorkerStatus

router = APIRouter(tags=["service"])
log = get_logger(__name__)

WORKERS_MAX_AGE_S = 5.0
# A client of GET /ready may be waiting for the first worker.
READY_WORKERS_MAX_AGE_S = 0.25


@router.get("/health")
async def health(gateway: GatewayDep) -> Health:
    """Status of this process. Always 200, and cheap."""
    workers = await _recent_workers(gateway.worker_cache)
    broker_ok = gateway.event_bus.connected.is_set()
    return Health(
        service="oratioviva",
        status="ok" if broker_ok and workers is not None else "degraded",
        version=__version__,
        provider=gateway.settings.provider_mode,
        database="sqlite" if gateway.database.is_sqlite else "postgresql",
        database_ok=workers is not None,
        broker_ok=broker_ok,
        workers_alive=None
        if workers is None
        else sum(worker.alive and worker.is_worker for worker in workers),
        formats=_formats(workers or ()),
        limits=_limits(gateway.settings),
    )


@router.get("/ready", responses={503: {"model": Readiness, "description": "A check failed."}})
async def ready(request: Request, gateway: GatewayDep) -> JSONResponse:
    """Whether this process, the database, the broker, the store and at least one worker work."""
    reads = gateway.readiness
    workers, database, broker, store = await asyncio.gather(
        _recent_workers(gateway.worker_cache, max_age_s=READY_WORKERS_MAX_AGE_S),
        _check(reads.database),
        _check(reads.broker),
        _check(reads.store),
    )
    alive = sum(worker.alive and worker.speaks for worker in workers or ())
    checks = ReadinessChecks(
        process=_check_process(gateway, draining=request.app.state.draining),
        database=database,
        broker=broker,
        store=store,
        worker=ReadinessCheck(ok=alive > 0, message=f"{alive} alive"),
    )
    is_ready = all(check.ok for _, check in checks)
    return JSONResponse(
        Readiness(
            ready=is_ready,
            checks=checks,
            workers_alive=sum(worker.alive and worker.is_worker for worker in workers or ()),
        ).model_dump(),
        status_code=200 if is_ready else 503,
        headers=None if is_ready else {"Retry-After": "2"},
    )


def _check_process(gateway: Gateway, *, draining: bool) -> ReadinessCheck:
    """Check the threads and tasks that this process cannot do without."""
    if draining:
        return ReadinessCheck(ok=False, message="is about to stop")
    found = troubles((gateway.submissions, gateway.event_bus, gateway.presence))
    return ReadinessCheck(ok=not found, message="; ".join(found) or "works")


def _formats(workers: Sequence[WorkerStatus]) -> list[str]:
    """Return the formats in their usual order."""
    written = {name for worker in workers if worker.alive for name in worker.announcement.formats}
    return [name for name in MEDIA_TYPES if name in written]


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_text_chars=settings.max_text_chars,
        max_batch_ids=settings.max_batch_ids,
        list_limit_max=settings.list_limit_max,
    )


async def _recent_workers(
    worker_cache: WorkerCache, *, max_age_s: float = WORKERS_MAX_AGE_S
) -> list[WorkerStatus] | None:
    """Return the workers, or None if the database does not answer."""
    try:
        return list(await worker_cache.statuses(max_age_s=max_age_s, within_s=PROBE_WITHIN_S))
    except Exception as error:
        log.warning("database does not answer", error=type(error).__name__)
        return None


async def _check(read: SharedRead[Any]) -> ReadinessCheck:
    # Only the type of an error, because messages may contain addresses and names.
    try:
        await read.result()
    except redis.ResponseError as error:
        return ReadinessCheck(ok=False, message=f"refuses writes ({type(error).__name__})")
    except Exception as error:
        return ReadinessCheck(ok=False, message=f"does not answer ({type(error).__name__})")
    return ReadinessCheck(ok=True, message="answers")
