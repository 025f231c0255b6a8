"""The gateway's FastAPI application: routes, middleware and the objects that one process shares."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import anyio.to_thread
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from api import error_handlers
from api.dependencies import Gateway
from api.http import openapi
from api.http.direct_routes import DirectRoutes
from api.http.fast_route import SynthesisRoute
from api.http.hosts import AllowedHosts
from api.jobs import forecast
from api.jobs.submission_batcher import SubmissionBatcher
from api.lenient_requests import LenientRequests
from api.middleware import BodyLimit, RequestLog
from api.models.worker_cache import WorkerCache
from api.owner import OWNER
from api.readiness_reads import ReadinessReads
from api.routes import (
    analytics,
    captions,
    docs,
    elevenlabs,
    estimate,
    export,
    health,
    history,
    incremental_speech,
    jobs,
    maintenance,
    models,
    speech,
    streams,
    studio,
    synthesize,
    transcode,
    voices,
    workers,
)
from api.site_guard import SiteGuard
from api.streaming.event_bus import EventBus
from api.streaming.presence import Presence
from common import __version__
from common.db.database import open_database
from common.messaging.notifier import Notifier
from common.messaging.redis_link import RedisLink
from common.settings import Settings
from common.store import Store

ROUTES = (
    synthesize,
    speech,
    incremental_speech,
    elevenlabs,
    streams,
    jobs,
    transcode,
    captions,
    history,
    voices,
    models,
    workers,
    estimate,
    analytics,
    export,
    maintenance,
    health,
    docs,
    studio,
)

# No more threads than the database has connections, because each thread costs memory.
THREADS = 15

DESCRIPTION = """Text-to-speech jobs that survive crashes and restarts.

Every error has the shape `{"error": {"message", "type", "param", "code"}}` and the header `x-request-id`.
Every GET path answers HEAD. Unknown keys in a body are ignored. Times are UTC.

A request with a foreign Host is answered 421. A request that a page of another site sends without permission is
answered 403."""

# What pages of other origins may do if ORATIO_CORS_ORIGINS names them.
_CORS_METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE")
_CORS_HEADERS = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Location",
    "Retry-After",
    "X-Oratio-Attempt",
    "X-Oratio-Job-Id",
    "X-Oratio-Output-Format",
    "X-Oratio-Provider",
    "X-Request-Id",
)


def create_app(settings: Settings) -> FastAPI:
    app = FastAPI(
        title="OratioViva",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=partial(_lifespan, settings=settings),
    )
    # Set by api.serve when the process is about to stop.
    app.state.draining = False
    app.openapi = openapi.builder_without_422(app)  # type: ignore[method-assign]  # as FastAPI documents it
    _add_middleware(app, settings)
    error_handlers.install(app)
    for routes in ROUTES:
        app.include_router(routes.router)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add the innermost first."""
    origins = settings.cors_origin_names
    app.add_middleware(
        DirectRoutes,
        application=app,
        routes=[route for route in synthesize.router.routes if isinstance(route, SynthesisRoute)],
        root_path=settings.root_path,
    )
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(LenientRequests)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=_CORS_METHODS,
            allow_headers=("*",),
            allow_private_network=True,
            expose_headers=_CORS_HEADERS,
        )
    app.add_middleware(SiteGuard, hosts=AllowedHosts(settings.allowed_host_names), origins=origins)
    app.add_middleware(RequestLog, root_path=settings.root_path)


@asynccontextmanager
async def _lifespan(app: FastAPI, *, settings: Settings) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    gateway = open_gateway(settings)
    app.state.gateway = gateway
    gateway.submissions.start()
    gateway.event_bus.start()
    gateway.presence.start()
    try:
        yield
    finally:
        await gateway.presence.close()
        await gateway.event_bus.close()
        gateway.submissions.close()
        gateway.redis_link.close()
        gateway.database.close()


def open_gateway(settings: Settings) -> Gateway:
    """Build the shared objects. Needs a running event loop; database and Redis may still be down."""
    database = open_database(settings, role="gateway")
    redis_link = RedisLink(settings)
    notifier = Notifier(redis_link, max_depth=settings.bells_max)
    event_bus = EventBus(settings, database)
    store = Store(settings.store)
    return Gateway(
        settings=settings,
        database=database,
        store=store,
        redis_link=redis_link,
        notifier=notifier,
        event_bus=event_bus,
        submissions=SubmissionBatcher(
            database,
            notifier,
            queue_max=settings.queue_max,
            retry_after_s=partial(forecast.retry_after_s, database),
        ),
        worker_cache=WorkerCache(database, expected_models=settings.expected_model_names),
        presence=Presence(event_bus, database, notifier, owner=OWNER),
        readiness=ReadinessReads.of(database, redis_link, store),
    )
