"""Measures the work of a query in counters of the database. Times would include the work of other processes."""

from collections.abc import Callable

from sqlalchemy import Connection, text

from common.db.database import Database

# SQLite calls the progress handler after this many instructions of its virtual machine.
_INSTRUCTIONS = 100
_ROWS_READ = text("SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables")


def query_cost(database: Database, ask: Callable[[Connection], object]) -> int:
    """Hundreds of instructions on SQLite, rows read on Postgres. Compare only costs of the same query."""
    with database.read() as connection:
        return (_instructions if database.is_sqlite else _rows_read)(connection, ask)


def _instructions(connection: Connection, ask: Callable[[Connection], object]) -> int:
    sqlite = connection.connection.driver_connection
    assert sqlite is not None
    calls = 0

    def count() -> int:
        nonlocal calls
        calls += 1
        return 0  # Continue the query.

    sqlite.set_progress_handler(count, _INSTRUCTIONS)
    try:
        ask(connection)
    finally:
        sqlite.set_progress_handler(None, 0)
    return calls


def _rows_read(connection: Connection, ask: Callable[[Connection], object]) -> int:
    before = int(connection.scalar(_ROWS_READ) or 0)
    ask(connection)
    return int(connection.scalar(_ROWS_READ) or 0) - before
