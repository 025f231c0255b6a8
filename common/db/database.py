"""Database connections. A request or task opens one transaction here; code inside it never commits."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Float, cast, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from common.db.postgres_waits import bound_waits
from common.settings import Settings

Role = Literal["gateway", "worker"]

# A gateway answers 503 when a server hangs for this long, which no time-out of the server can notice. A worker waits
# longer, because it would lose finished speech.
ANSWER_WITHIN_S: dict[Role, float] = {"gateway": 6.0, "worker": 60.0}
# Notices a network that drops packets, within about 15 s.
_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

# Raised while the database does not respond. A later attempt may succeed.
DATABASE_DOWN = (OperationalError, InterfaceError, PoolTimeout)


class epoch_now(GenericFunction[float]):  # noqa: N801  # named as SQL functions are
    """Epoch seconds by the database's clock. Leases must not depend on the clocks of workers."""

    type = Float()
    inherit_cache = True


@compiles(epoch_now, "postgresql")
def _postgres_now(*_: object, **__: object) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


@compiles(epoch_now, "sqlite")
def _sqlite_now(*_: object, **__: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


class Database:
    """`read()` and `write()` open a transaction. It commits when the block ends without an exception."""

    def __init__(self, url: str, *, role: Role) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url, role=role) if self.is_sqlite else _postgres_engine(url, role=role)
        self._writers = self.engine.execution_options(oratio_writes=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._writers.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_database(settings: Settings, *, role: Role) -> Database:
    return Database(settings.database, role=role)


def clock(connection: Connection) -> float:
    """Epoch seconds by the database's clock. SQLite uses the clock of this machine."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.scalar(select(epoch_now())) or 0.0)


def upsert(connection: Connection, table: type[Any]) -> Any:
    """Return an INSERT of the connection's dialect, which supports ON CONFLICT."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def sum_or_zero(column: Any) -> Any:
    """The sum of a column, 0 without rows. The cast is for Postgres, where a sum of integers is a numeric."""
    return cast(func.coalesce(func.sum(column), 0), column.type)


def _sqlite_engine(url: str, *, role: Role) -> Engine:
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    # A gateway answers 503 instead of waiting. A worker waits, because it would lose finished speech.
    busy_timeout_s = 1.5 if role == "gateway" else 10.0
    pool_size, max_overflow = (5, 15) if role == "gateway" else (5, 10)
    # The commits of the gateway must reach the disk, because 202 means durable. A worker can repeat its writes after a
    # power cut. The log is written in order, so the next durable commit includes them.
    synchronous = "FULL" if role == "gateway" else "NORMAL"
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=2,
        hide_parameters=True,
        connect_args={"timeout": busy_timeout_s, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON"):
            dbapi_connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that starts to write fails at once if another transaction is writing.
        writes = connection.get_execution_options().get("oratio_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: str, *, role: Role) -> Engine:
    # The threads of a gateway (api.app), its submissions, and the reads that it makes for itself.
    pool_size, max_overflow = (10, 10) if role == "gateway" else (2, 4)
    limits = {"statement_timeout": 5000, "lock_timeout": 2000, "idle_in_transaction_session_timeout": 30000}
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=2,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 2,
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
            **_KEEPALIVE,
        },
    )
    bound_waits(engine, answer_within_s=ANSWER_WITHIN_S[role])
    return engine
