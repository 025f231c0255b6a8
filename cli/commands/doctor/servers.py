"""Whether database and queue server answer, and what to do when they don't."""

from dataclasses import dataclass

import redis
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from cli.output.program_name import own_name
from common.db.migration import FOLDER

_TIMEOUT_S = 3


@dataclass(frozen=True, slots=True)
class Trouble:
    said: str
    advice: str


def database_trouble(database_url: str) -> Trouble | None:
    try:
        now = _revision(database_url)
    except (SQLAlchemyError, OSError, ImportError) as error:
        return Trouble(f"does not answer ({type(error).__name__})", "Start it, or mend ORATIO_DATABASE_URL.")
    newest = ScriptDirectory(str(FOLDER)).get_current_head()
    if now == newest:
        return None
    return Trouble(
        f"tables are at {now or 'nothing'}, not {newest}", f"`{own_name()} migrate` brings them up to date."
    )


def redis_trouble(redis_url: str) -> Trouble | None:
    try:
        with redis.Redis.from_url(
            redis_url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, retry=None
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        return Trouble(f"does not answer ({type(error).__name__})", "Start it, or mend ORATIO_REDIS_URL.")
    return None


def _revision(database_url: str) -> str | None:
    url = make_url(database_url)
    given: dict[str, object] = {}
    if url.get_backend_name() == "postgresql":
        url, given = url.set(drivername="postgresql+psycopg"), {"connect_timeout": _TIMEOUT_S}
    with create_engine(url, poolclass=NullPool, connect_args=given).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()
