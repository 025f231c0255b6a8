"""Paging by keyset: a page begins behind the last row of the page before, by moment and id, newest first."""

from typing import Any

from sqlalchemy import and_, or_

# (moment, id) of the last row.
Keyset = tuple[float, str]


def is_after(moment: Any, key: Any, after: Keyset) -> Any:
    """The condition for rows behind `after` in descending order."""
    # Not a row value: SQLite does not use its index for one in a descending scan. The first condition follows from the
    # second, and lets both databases find the place to begin at.
    return and_(moment <= after[0], or_(moment < after[0], key < after[1]))
