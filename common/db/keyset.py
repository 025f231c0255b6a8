"""Keyset pagination, newest first: a page starts after the last row of the previous page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Result, Select, and_, or_

T = TypeVar("T")

# (created_at, id) of the last row.
Keyset = tuple[float, str]


def is_after(created_at: Any, id_column: Any, last_row: Keyset) -> Any:
    """The condition for rows that follow `last_row` in descending order."""
    # SQLite does not use an index for a row value in a descending scan. The first condition is redundant, but it lets
    # both databases start the index scan at the right row.
    return and_(created_at <= last_row[0], or_(created_at < last_row[0], id_column < last_row[1]))


# A page ends early when its texts have this size. Otherwise a page of long texts would fill the memory.
PAGE_BYTES = 1_000_000
# Postgres sends rows in groups, which grow up to this size.
_ROWS_PER_FETCH = 25


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`has_more`: other rows follow."""

    rows: list[T]
    has_more: bool


def take_page(rows: Iterable[T], *, limit: int, text_of: Callable[[T], str]) -> Page[T]:
    """The first rows: at most `limit`, and at most `PAGE_BYTES` of texts, but at least one. Reads one row more."""
    taken: list[T] = []
    left_bytes = PAGE_BYTES
    for row in rows:
        left_bytes -= len(text_of(row).encode())
        if len(taken) == limit or (taken and left_bytes < 0):
            return Page(taken, has_more=True)
        taken.append(row)
    return Page(taken, has_more=False)


def read_lazily(connection: Connection, query: Select[Any]) -> Result[Any]:
    """Execute a query whose later rows may not be needed. SQLite always reads rows when they are asked for."""
    if connection.dialect.name == "sqlite":
        return connection.execute(query)
    options = {"stream_results": True, "max_row_buffer": _ROWS_PER_FETCH}
    return connection.execute(query, execution_options=options)
