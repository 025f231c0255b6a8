"""Health and readiness."""

from typing import Literal

from pydantic import Field

from api.schemas.base import ResponseModel


class Limits(ResponseModel):
    """Limits of a single request."""

    max_text_chars: int
    max_batch_ids: int
    list_limit_max: int


class Health(ResponseModel):
    """`degraded` means that the database or the broker does not answer. The gateway itself works."""

    service: Literal["oratioviva"]
    status: Literal["ok", "degraded"]
    version: str
    provider: str
    database: Literal["sqlite", "postgresql"]
    database_ok: bool
    broker_ok: bool
    workers_alive: int | None
    formats: list[str] = Field(description="Formats that live workers can write.")
    limits: Limits


class ReadinessCheck(ResponseModel):
    ok: bool
    message: str


class ReadinessChecks(ResponseModel):
    """`process` is the gateway itself: its message names a thread or task that has ended or is stuck."""

    process: ReadinessCheck
    database: ReadinessCheck
    broker: ReadinessCheck
    store: ReadinessCheck
    worker: ReadinessCheck


class Readiness(ResponseModel):
    ready: bool
    checks: ReadinessChecks
    workers_alive: int
