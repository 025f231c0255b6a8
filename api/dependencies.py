"""What one gateway process holds while it runs, handed to every route by the application's state."""

from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request
from starlette.websockets import WebSocket

from api.jobs.submission_batcher import SubmissionBatcher
from api.models.worker_cache import WorkerCache
from api.streaming.event_bus import EventBus
from api.streaming.presence import Presence
from common.db.database import Database
from common.messaging.notifier import Notifier
from common.messaging.redis_link import RedisLink
from common.settings import Settings
from common.store import Store


@dataclass(frozen=True, slots=True)
class Gateway:
    settings: Settings
    database: Database
    store: Store
    redis_link: RedisLink
    notifier: Notifier
    event_bus: EventBus
    submissions: SubmissionBatcher
    workers: WorkerCache
    presence: Presence
    # Those open here.
    conversations: set[WebSocket] = field(default_factory=set)


def here(request: Request) -> Gateway:
    return cast(Gateway, request.app.state.gateway)
