"""Migrates the schema, safely when several processes start at once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

FOLDER = Path(__file__).parents[2] / "migrations"
# An arbitrary constant.
_ADVISORY_LOCK = 0x0_0A710


def migrate(database_url: str) -> None:
    """Run `alembic upgrade head`. A second process waits, and then finds nothing to do."""
    with _locked(database_url) as connection:
        command.upgrade(alembic_config(connection), "head")


def check(database_url: str) -> None:
    """Raises alembic.util.CommandError if tables and migrations differ."""
    with _locked(database_url) as connection:
        command.check(alembic_config(connection))


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _locked(database_url: str) -> Iterator[Connection]:
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        # By default the driver commits each CREATE by itself. A process killed in between would leave a database that
        # no later run can migrate. Here everything is one transaction, which we begin ourselves.
        engine = create_engine(
            url, poolclass=NullPool, hide_parameters=True, connect_args={"isolation_level": None}
        )
        with _file_lock(Path(url.database or "")), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()
        return
    engine = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool, hide_parameters=True)
    # The lock has its own connection, because it must outlive the transactions of the migrations.
    with engine.connect() as lock_holder, engine.connect() as connection:
        lock_holder.execute(text("SELECT pg_advisory_lock(:id)"), {"id": _ADVISORY_LOCK})
        yield connection
        connection.commit()


@contextmanager
def _file_lock(database: Path) -> Iterator[IO[bytes]]:
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_suffix(".migrating").open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
