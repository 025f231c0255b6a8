"""How the service is."""

from typing import Literal

from pydantic import Field

from api.schemas.base import Answer


class Limits(Answer):
    """What one request may ask for."""

    max_text_chars: int
    max_batch_ids: int
    list_limit_max: int


class Health(Answer):
    """`degraded` says that something it stands on does not answer; the process itself lives either way."""

    service: Literal["oratioviva"]
    status: Literal["ok", "degraded"]
    version: str
    provider: str
    database: Literal["sqlite", "postgresql"]
    database_ok: bool
    broker_ok: bool
    workers_alive: int | None
    formats: list[str] = Field(description="Those that living workers write.")
    limits: Limits


class Check(Answer):
    ok: bool
    message: str


class Checks(Answer):
    database: Check
    broker: Check
    store: Check
    worker: Check


class Readiness(Answer):
    ready: bool
    checks: Checks
    workers_alive: int
