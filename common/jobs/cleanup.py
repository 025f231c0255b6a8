"""Deletes the rows and files of old recordings and jobs, in small batches. One cleanup runs at a time.

Rows are marked in a transaction, their files are deleted after its commit, and the rows of the files last. After a
crash in between, the next cleanup continues.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from common.db import locks
from common.db.database import Database
from common.errors import Conflict
from common.jobs import retention
from common.jobs.changes import delete_audio_rows
from common.jobs.retention import BATCH, RemovalCounts, RetentionEdges
from common.logs import get_logger
from common.settings import Settings
from common.store import Store, job_id_of

log = get_logger(__name__)

# Younger files are kept: a file is written before a row names it, and the clock of a bucket may differ.
ORPHAN_AGE_S = 3600.0
# A dry run looks at up to this many files.
LISTED_MAX = 10_000
# A cleanup whose process died keeps the next one waiting for this long. A live one renews before each batch.
LOCK_S = 120.0
_CLEANUP, _ORPHANS = "cleanup", "orphans"


class CleanupRunning(Conflict):
    code = "cleanup_running"


class _LostLock(Exception):
    """The process stood still for so long that another cleanup began."""


def clean(
    database: Database, store: Store, settings: Settings, *, orphans_every_s: float = 0.0
) -> RemovalCounts:
    """Run a cleanup. Returns what it deleted. Raises CleanupRunning.

    The store is listed for orphans at most once in `orphans_every_s`, because listing takes long with many files.
    """
    database.reserve.give_up_if_needed()
    counts = RemovalCounts()
    with _exclusive(database) as turn:
        with database.read() as connection:
            edges = retention.find_edges(connection, settings)
        counts.recordings = _remove_in_batches(turn, edges, _remove_recordings)
        counts.jobs = _remove_in_batches(turn, edges, _remove_jobs)
        _remove_pending_delete(turn, store, counts)
        if turn.may_list_orphans(every_s=orphans_every_s):
            _remove_orphans(turn, store, counts)
        _remove_expired_rows(turn)
    database.reserve.restore()
    return counts


def count_removable(database: Database, store: Store, settings: Settings) -> RemovalCounts:
    """Count what a cleanup would delete now. It takes no longer for many rows and files: see `is_at_least`."""
    with database.read() as connection:
        counts = retention.count_removable(connection, retention.find_edges(connection, settings))
    files = store.keys()
    for orphans in _orphans(database, islice(files, LISTED_MAX)):
        counts.orphans += len(orphans)
        counts.size_bytes += sum(orphans.values())
    counts.is_at_least |= next(files, None) is not None
    return counts


@dataclass(frozen=True, slots=True)
class _Turn:
    """The right of this cleanup to run."""

    database: Database
    holder: str

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction of this cleanup. Raises _LostLock."""
        with self.database.write() as connection:
            if not locks.renew(connection, _CLEANUP, holder=self.holder, for_s=LOCK_S):
                raise _LostLock
            yield connection

    def may_list_orphans(self, *, every_s: float) -> bool:
        if not every_s:
            return True
        with self.write() as connection:
            return locks.take(connection, _ORPHANS, holder=self.holder, for_s=every_s)


@contextmanager
def _exclusive(database: Database) -> Iterator[_Turn]:
    """Raises CleanupRunning."""
    turn = _Turn(database, secrets.token_hex(16))
    with database.write() as connection:
        if not locks.take(connection, _CLEANUP, holder=turn.holder, for_s=LOCK_S):
            raise CleanupRunning("A cleanup is running already. Try again when it has ended.")
    try:
        yield turn
    except _LostLock:
        log.warning("another cleanup took over")
    finally:
        with database.write() as connection:
            locks.release(connection, _CLEANUP, holder=turn.holder)


def _remove_in_batches(
    turn: _Turn, edges: RetentionEdges, remove: Callable[[Connection, RetentionEdges], int]
) -> int:
    """Call `remove` in one transaction after another until it removes nothing. Returns the total."""
    total = 0
    while True:
        with turn.write() as connection:
            count = remove(connection, edges)
        if count == 0:
            return total
        total += count


def _remove_recordings(connection: Connection, edges: RetentionEdges) -> int:
    ids = retention.old_recordings(connection, edges)
    retention.remove_recordings(connection, ids)
    return len(ids)


def _remove_jobs(connection: Connection, edges: RetentionEdges) -> int:
    return retention.remove_jobs(connection, retention.old_jobs(connection, edges))


def _remove_expired_rows(turn: _Turn) -> None:
    has_more = True
    while has_more:
        with turn.write() as connection:
            has_more = retention.delete_expired_rows(connection) > 0
    with turn.write() as connection:
        retention.tidy_small_tables(connection)


def _remove_pending_delete(turn: _Turn, store: Store, counts: RemovalCounts) -> None:
    last = ""
    while True:
        with turn.database.read() as connection:
            sizes = dict(retention.pending_deletes(connection, after=last))
        if not sizes:
            return
        last = max(sizes)
        deleted = _delete(store, list(sizes))
        with turn.write() as connection:
            counts.files += delete_audio_rows(connection, deleted)
        counts.size_bytes += sum(sizes[key] for key in deleted)


def _remove_orphans(turn: _Turn, store: Store, counts: RemovalCounts) -> None:
    for orphans in _orphans(turn.database, store.keys()):
        counts.orphans += len(orphans)
        counts.size_bytes += sum(orphans.values())
        with turn.write():
            pass  # The lock must not expire while a large store is listed.
        _delete(store, list(orphans))
    counts.orphans += store.remove_unfinished(older_than_s=ORPHAN_AGE_S)


def _delete(store: Store, keys: Sequence[str]) -> list[str]:
    """Delete files. Returns the deleted keys. Files that cannot be deleted are left to the next cleanup."""
    try:
        store.delete(keys)
    except Exception as error:
        log.warning("files could not be deleted together", files=len(keys), error=type(error).__name__)
        return _delete_one_by_one(store, keys)
    return list(keys)


def _delete_one_by_one(store: Store, keys: Sequence[str]) -> list[str]:
    deleted = []
    for key in keys:
        try:
            store.delete([key])
        except Exception as error:
            log.warning("a file could not be deleted", key=key, error=type(error).__name__)
        else:
            deleted.append(key)
    return deleted


def _orphans(database: Database, files: Iterable[tuple[str, float, int]]) -> Iterator[dict[str, int]]:
    """Yield batches of files (with sizes) that no row of `audio` names. Unfinished attempts leave them behind."""
    modified_before = time.time() - ORPHAN_AGE_S
    old_files = ((key, size) for key, changed_at, size in files if changed_at < modified_before)
    while sizes := dict(islice(old_files, BATCH)):
        jobs = {key: job_id_of(key) or "" for key in sizes}
        with database.read() as connection:
            # Query in this order: if a job ends in between, either it counts as unfinished or its file is known.
            unfinished = retention.unfinished_jobs(connection, sorted(set(jobs.values())))
            known = retention.known_keys(connection, list(sizes))
        yield {key: size for key, size in sizes.items() if key not in known and jobs[key] not in unfinished}
