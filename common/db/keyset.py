"""Paging by keyset: a page begins behind the last row of the page before, by moment and id, newest first."""

from typing import Any

from sqlalchemy import and_, or_

# (moment, id) of the last row.
Keyset = tuple[float, str]


def is_after(created_at: Any, id_column: Any, last_row: Keyset) -> Any:
    """The condition for rows behind `after` in descending order."""
    # Not a row value: SQLite does not use its index for one in a descending scan. The first condition follows from the
    # second, and lets both databases find the place to begin at.
    return and_(created_at <= last_row[0], or_(created_at < last_row[0], id_column < last_row[1]))
