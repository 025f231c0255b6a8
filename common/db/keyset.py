"""Keyset pagination, newest first: a page starts after the last row of the previous page."""

from typing import Any

from sqlalchemy import and_, or_

# (created_at, id) of the last row.
Keyset = tuple[float, str]


def is_after(created_at: Any, id_column: Any, last_row: Keyset) -> Any:
    """The condition for rows that follow `last_row` in descending order."""
    # SQLite does not use an index for a row value in a descending scan. The first condition is redundant, but it lets
    # both databases start the index scan at the right row.
    return and_(created_at <= last_row[0], or_(created_at < last_row[0], id_column < last_row[1]))
