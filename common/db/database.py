"""Database connections. A request or task opens one transaction here; code inside it never commits."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Float, bindparam, cast, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from common.db.postgres_waits import bound_waits
from common.reserve import Reserve
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

# Raised while the database does not respond. A later attempt may succeed. After a stall, Postgres ends connections that
# were idle in a transaction, which is an InternalError.
DATABASE_DOWN = (OperationalError, InterfaceError, InternalError, PoolTimeout)
_POSTGRES_DISK_FULL = "53100"


class epoch_now(GenericFunction[float]):  # noqa: N801  # named as SQL functions are
    """Epoch seconds by the database's clock. Leases must not depend on the clocks of workers."""

    type = Float()
    inherit_cache = True


@compiles(epoch_now, "postgresql")
def _postgres_now(*_: object, **__: object) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


@compiles(epoch_now, "sqlite")
def _sqlite_now(_element: object, compiler: SQLCompiler, **_: object) -> str:
    # SQLite has no clock of its own, and Python reads the one of this machine more precisely.
    return compiler.process(bindparam(None, type_=Float(), callable_=time.time))


class Database:
    """`read()` and `write()` open a transaction. It commits when the block ends without an exception."""

    def __init__(self, url: str, *, role: Role) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url, role=role) if self.is_sqlite else _postgres_engine(url, role=role)
        self.reserve = Reserve(_folder_of(url) if self.is_sqlite else None)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            if self.is_sqlite:
                _begin_sqlite(connection, "BEGIN")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            if self.is_sqlite:
                # A deferred transaction that starts to write fails at once if another transaction is writing.
                _begin_sqlite(connection, "BEGIN IMMEDIATE")
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def _folder_of(url: str) -> Path | None:
    """The folder of an SQLite database. None for one in memory."""
    path = make_url(url).database
    return Path(path).parent if path and path != ":memory:" else None


def is_disk_full(error: BaseException) -> bool:
    """Whether a database error says that the disk of the database is full."""
    cause = getattr(error, "orig", None)
    is_full_sqlite = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return is_full_sqlite or getattr(cause, "sqlstate", None) == _POSTGRES_DISK_FULL


def open_database(settings: Settings, *, role: Role) -> Database:
    return Database(settings.database, role=role)


def clock(connection: Connection) -> float:
    """Epoch seconds by the database's clock. `epoch_now` in a statement saves this round trip to Postgres."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.scalar(select(epoch_now())) or 0.0)


def upsert(connection: Connection, table: type[Any]) -> Any:
    """Return an INSERT of the connection's dialect, which supports ON CONFLICT."""
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)


def force_index_scans(connection: Connection) -> None:
    """Make Postgres scan indexes in this transaction, for queries that read a bounded range of an index in order.

    With outdated statistics of a table that has just grown, it would read and sort all matching rows.
    """
    if connection.dialect.name == "postgresql":
        settings = [func.set_config(f"enable_{scan}", "off", True) for scan in ("seqscan", "bitmapscan")]
        connection.execute(select(*settings))


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

    return engine


def _begin_sqlite(connection: Connection, statement: str) -> None:
    """Begin a transaction, on the driver's connection: SQLAlchemy takes five times as long.

    Listeners for `begin` would slow down every statement.
    """
    try:
        connection.connection.cursor().execute(statement)
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, None, error, sqlite3.Error) from error


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
