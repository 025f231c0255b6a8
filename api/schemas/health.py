"""How the service is."""

from typing import Literal

from api.schemas.wire import Answer


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
