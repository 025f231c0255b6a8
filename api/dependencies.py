"""The shared objects of a gateway process, as FastAPI dependencies."""

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from api.jobs.submission_batcher import SubmissionBatcher
from api.models.worker_cache import WorkerCache
from api.readiness_reads import ReadinessReads
from api.streaming.event_bus import EventBus
from api.streaming.presence import Presence
from common.db.database import Database
from common.messaging.notifier import Notifier
from common.messaging.redis_link import RedisLink
from common.settings import Settings
from common.store import Store


@dataclass(frozen=True, slots=True)
class Gateway:
    """Objects that all requests of this process share."""

    settings: Settings
    database: Database
    store: Store
    redis_link: RedisLink
    notifier: Notifier
    event_bus: EventBus
    submissions: SubmissionBatcher
    worker_cache: WorkerCache
    presence: Presence
    readiness: ReadinessReads
    # WebSockets that send text to this gateway.
    incremental_sessions: set[WebSocket] = field(default_factory=set)


# Dependencies are coroutines, because FastAPI would run plain functions in a thread for each request.


async def get_gateway(connection: HTTPConnection) -> Gateway:
    return cast(Gateway, connection.app.state.gateway)


async def get_settings(connection: HTTPConnection) -> Settings:
    return (await get_gateway(connection)).settings


async def get_database(connection: HTTPConnection) -> Database:
    return (await get_gateway(connection)).database


GatewayDep = Annotated[Gateway, Depends(get_gateway)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
DatabaseDep = Annotated[Database, Depends(get_database)]
