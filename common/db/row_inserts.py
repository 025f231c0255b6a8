"""Inserts many rows with one statement.

SQLAlchemy takes as long to bind the values as SQLite to insert the rows. And with a call for each row, the driver would
hand over the interpreter each time, which a busy thread gets back late.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import JSON, Connection, Table


class RowInsert:
    """`keys`: the columns that each row has, by their keys. Other columns get the defaults of the database."""

    def __init__(self, table: Table, keys: Sequence[str]) -> None:
        self._columns = {key: isinstance(table.c[key].type, JSON) for key in keys}
        names = ", ".join(f'"{table.c[key].name}"' for key in keys)
        self._begin = f'INSERT INTO "{table.name}" ({names}) VALUES '  # noqa: S608  # names of our own tables
        self._statement = cache(self._make_statement)

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert at least one row. The driver gets the values as they are, and those of JSON columns encoded."""
        values = tuple(
            json.dumps(row[key]) if is_json else row[key]
            for row in rows
            for key, is_json in self._columns.items()
        )
        connection.exec_driver_sql(self._statement(connection.dialect.paramstyle, len(rows)), values)

    def _make_statement(self, paramstyle: str, count: int) -> str:
        """Write the statement for the placeholders of psycopg (`%s`) or of sqlite3 (`?`)."""
        placeholder = "?" if paramstyle == "qmark" else "%s"
        row = f"({', '.join([placeholder] * len(self._columns))})"
        return self._begin + ", ".join([row] * count)
