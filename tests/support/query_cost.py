"""How much work a query is for the database, in its own counts. Seconds would include the work of other processes."""

from collections.abc import Callable

from sqlalchemy import Connection, text

from common.db.database import Database

# SQLite calls back after this many instructions of its virtual machine.
_INSTRUCTIONS = 100
_ROWS_READ = text("SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables")


def query_cost(database: Database, ask: Callable[[Connection], object]) -> int:
    """Hundreds of instructions on SQLite, rows read on Postgres. Compare it only with the same query on other data."""
    with database.read() as connection:
        return (_instructions if database.is_sqlite else _rows_read)(connection, ask)


def _instructions(connection: Connection, ask: Callable[[Connection], object]) -> int:
    sqlite = connection.connection.driver_connection
    assert sqlite is not None
    told = 0

    def count() -> int:
        nonlocal told
        told += 1
        return 0  # go on

    sqlite.set_progress_handler(count, _INSTRUCTIONS)
    try:
        ask(connection)
    finally:
        sqlite.set_progress_handler(None, 0)
    return told


def _rows_read(connection: Connection, ask: Callable[[Connection], object]) -> int:
    before = int(connection.scalar(_ROWS_READ) or 0)
    ask(connection)
    return int(connection.scalar(_ROWS_READ) or 0) - before
