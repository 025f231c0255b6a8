"""What one gateway process holds while it runs, handed to every route by the application's state."""

from dataclasses import dataclass, field
from typing import cast

import structlog
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

# Every query names an owner; there is one until there are keys.
OWNER = "local"


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


def request_id(request: Request) -> str | None:
    return request.scope.get("oratio.request_id")


def note_job(request: Request, job_id: str) -> None:
    """Name the job in every log line of this request from here on."""
    request.scope["oratio.job_id"] = job_id
    structlog.contextvars.bind_contextvars(job_id=job_id)


def address(request: Request, path: str) -> str:
    """A path as a client must ask for it, behind a proxy that serves us below a prefix too."""
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/") + path
