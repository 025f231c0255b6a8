"""Migrations on both databases, with simultaneous and killed processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.pool import NullPool

from common.db.migration import alembic_config, check, migrate
from common.db.tables import Base

TABLES = {*Base.metadata.tables, "alembic_version"}

# Eight processes, which wait at a pipe until all have started.
MIGRATE_IN_EIGHT_PROCESSES = """
import os, sys
from common.db.migration import migrate

gate, opener = os.pipe()
children = []
for _ in range(8):
    child = os.fork()
    if not child:
        os.close(opener)
        os.read(gate, 1)
        migrate(sys.argv[1])
        os._exit(0)
    children.append(child)
os.close(opener)
sys.exit(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children))
"""

# Exits while the tables are being created.
DIE_HALFWAY = """
import os, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from common.db.migration import migrate

@event.listens_for(Engine, "before_cursor_execute")
def die(connection, cursor, statement, *_):
    if "CREATE TABLE jobs" in statement:
        os._exit(9)

migrate(sys.argv[1])
"""


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


def table_names(url: str) -> set[str]:
    """All tables except those of SQLite's full-text index."""
    with connect(url) as connection:
        names = set(inspect(connection).get_table_names())
    return {name for name in names if not name.startswith("recording_words")}


def run_script(source: str, url: str) -> int:
    return subprocess.run([sys.executable, "-c", source, url], check=False, timeout=60).returncode


def test_an_empty_database_gets_the_current_schema(empty_url: str) -> None:
    with pytest.raises(CommandError, match="not up to date"):
        check(empty_url)
    migrate(empty_url)
    assert table_names(empty_url) == TABLES
    check(empty_url)


def test_check_reports_differences(empty_url: str) -> None:
    migrate(empty_url)
    with connect(empty_url) as connection:
        connection.execute(text("ALTER TABLE jobs ADD COLUMN mood TEXT"))
        connection.execute(text("DROP INDEX ix_jobs_owner_created"))
    with pytest.raises(CommandError, match="mood") as caught:
        check(empty_url)
    assert "ix_jobs_owner_created" in str(caught.value)


def test_a_second_migration_changes_nothing(empty_url: str) -> None:
    migrate(empty_url)
    with connect(empty_url) as connection:
        connection.execute(text("INSERT INTO idempotency VALUES ('local', 'k', 'h', 'j', 1.5)"))
    writes: list[str] = []

    def record(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.split(maxsplit=1)[0] not in ("BEGIN", "SELECT", "PRAGMA"):
            writes.append(statement)

    event.listen(Engine, "before_cursor_execute", record)
    try:
        migrate(empty_url)
    finally:
        event.remove(Engine, "before_cursor_execute", record)
    assert writes == []
    with connect(empty_url) as connection:
        assert connection.scalar(text("SELECT job_id FROM idempotency")) == "j"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_simultaneous_migrations_all_succeed(empty_url: str) -> None:
    assert run_script(MIGRATE_IN_EIGHT_PROCESSES, empty_url) == 0
    assert table_names(empty_url) == TABLES
    check(empty_url)


@pytest.mark.slow
def test_a_killed_migration_can_be_repeated(empty_url: str) -> None:
    assert run_script(DIE_HALFWAY, empty_url) == 9
    assert table_names(empty_url) == set()
    migrate(empty_url)
    check(empty_url)


def test_all_migrations_can_be_downgraded(empty_url: str) -> None:
    migrate(empty_url)
    with connect(empty_url) as connection:
        command.downgrade(alembic_config(connection), "base")
    assert table_names(empty_url) == {"alembic_version"}
    migrate(empty_url)
    check(empty_url)
