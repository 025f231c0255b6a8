"""Checks that the database and Redis answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from cli.commands.doctor.result import CheckResult
from cli.program_name import program_name
from cli.service.stack import uses_bundled_server
from common.db.migration import FOLDER
from common.messaging.broker import without_password
from common.settings import Settings

_TIMEOUT_S = 3


@dataclass(frozen=True, slots=True)
class _Problem:
    message: str
    advice: str


def check_database(settings: Settings) -> Iterator[CheckResult]:
    url = make_url(settings.database)
    is_file = url.get_backend_name() == "sqlite"
    message = f"SQLite, {url.database}" if is_file else without_password(settings.database)
    if is_file and not Path(url.database or "").exists():
        yield CheckResult(
            "Database", "note", f"{message}, not created yet", f"`{program_name()} up` creates it."
        )
    elif problem := _database_problem(settings.database):
        yield CheckResult("Database", "problem", f"{message}: {problem.message}", problem.advice)
    else:
        yield CheckResult("Database", "ok", f"{message}, up to date")


def check_redis(settings: Settings) -> Iterator[CheckResult]:
    if uses_bundled_server(settings):
        yield CheckResult("Redis", "ok", "the bundled one (Valkey), which `oratio up` runs")
    elif problem := _redis_problem(settings.redis_url):
        message = f"{without_password(settings.redis_url)}: {problem.message}"
        yield CheckResult("Redis", "problem", message, problem.advice)
    else:
        yield CheckResult("Redis", "ok", without_password(settings.redis_url))


def _database_problem(database_url: str) -> _Problem | None:
    try:
        current = _revision(database_url)
    except (SQLAlchemyError, OSError, ImportError) as error:
        return _Problem(
            f"does not answer ({type(error).__name__})", "Start the database, or correct ORATIO_DATABASE_URL."
        )
    newest = ScriptDirectory(str(FOLDER)).get_current_head()
    if current == newest:
        return None
    return _Problem(
        f"the schema is at revision {current or 'none'}, not {newest}",
        f"Update it with `{program_name()} migrate`.",
    )


def _redis_problem(redis_url: str) -> _Problem | None:
    try:
        with redis.Redis.from_url(
            redis_url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, retry=None
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        return _Problem(
            f"does not answer ({type(error).__name__})", "Start the server, or correct ORATIO_REDIS_URL."
        )
    return None


def _revision(database_url: str) -> str | None:
    url = make_url(database_url)
    connect_args: dict[str, object] = {}
    if url.get_backend_name() == "postgresql":
        url, connect_args = url.set(drivername="postgresql+psycopg"), {"connect_timeout": _TIMEOUT_S}
    with create_engine(url, poolclass=NullPool, connect_args=connect_args).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()
