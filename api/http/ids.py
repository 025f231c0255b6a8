"""Ids of jobs and downloads in paths and bodies."""

import re

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Return whether this service could have created this id. Other text never reaches the database or the store."""
    return _ID.fullmatch(text) is not None
