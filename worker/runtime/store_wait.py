"""Bridges short outages of the store, so that finished speech is not lost."""

import time
from collections.abc import Callable
from typing import IO, TypeVar

from common.logs import get_logger
from common.store import Store, StoreUnavailable

log = get_logger(__name__)

RETRY_EVERY_S = 1.0

T = TypeVar("T")


def copy_from_store(store: Store, key: str, target: IO[bytes]) -> None:
    """Copy a whole file, and leave `target` at its start. May be repeated after a failure."""
    target.seek(0)
    target.truncate()
    target.writelines(store.read(key))
    target.seek(0)


def retry_while_unavailable(action: Callable[[], T], *, for_s: float, check: Callable[[], None]) -> T:
    """Run `action` again while it raises StoreUnavailable, for `for_s` seconds. Raises the last one after that.

    `check` runs between two tries, and raises when the work must end.
    """
    give_up_at = time.monotonic() + for_s
    while True:
        try:
            return action()
        except StoreUnavailable as error:
            if time.monotonic() >= give_up_at:
                raise
            log.warning("store does not answer", error=type(error.__cause__).__name__)
        check()
        time.sleep(RETRY_EVERY_S)
