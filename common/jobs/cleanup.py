"""Deletes the rows and files of old recordings and jobs, in small batches.

Several cleanups may run at once. Rows are marked in a transaction, their files are deleted after its commit, and the
rows of the files last. After a crash in between, the next cleanup continues.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection

from common.db.database import Database, clock
from common.jobs import retention
from common.jobs.changes import delete_audio_rows
from common.jobs.retention import BATCH, RemovalCounts, RetentionLimits
from common.logs import get_logger
from common.settings import Settings
from common.store import Store, job_id_of

log = get_logger(__name__)

# Younger files are kept: a file is written before a row names it, and the clock of a bucket may differ.
ORPHAN_AGE_S = 3600.0


def clean(database: Database, store: Store, settings: Settings, *, dry_run: bool = False) -> RemovalCounts:
    """Run a cleanup. Returns what it deleted, or with `dry_run` what it would delete."""
    if dry_run:
        return _count_removable(database, store, settings)
    counts = RemovalCounts()
    counts.recordings = _remove_in_batches(database, settings, _remove_recordings)
    counts.jobs = _remove_in_batches(database, settings, _remove_jobs)
    _remove_pending_delete(database, store, counts)
    for orphans in _orphans(database, store):
        counts.orphans += len(orphans)
        counts.size_bytes += sum(orphans.values())
        _delete(store, list(orphans))
    counts.orphans += store.remove_unfinished(older_than_s=ORPHAN_AGE_S)
    with database.write() as connection:
        retention.delete_expired_rows(connection)
    return counts


def _count_removable(database: Database, store: Store, settings: Settings) -> RemovalCounts:
    with database.read() as connection:
        counts = retention.count_removable(connection, RetentionLimits.of(settings, now=clock(connection)))
    for orphans in _orphans(database, store):
        counts.orphans += len(orphans)
        counts.size_bytes += sum(orphans.values())
    return counts


def _remove_in_batches(
    database: Database, settings: Settings, remove: Callable[[Connection, RetentionLimits], int]
) -> int:
    """Call `remove` in one transaction after another until it removes nothing. Returns the total."""
    total = 0
    while True:
        with database.write() as connection:
            count = remove(connection, RetentionLimits.of(settings, now=clock(connection)))
        if count == 0:
            return total
        total += count


def _remove_recordings(connection: Connection, limits: RetentionLimits) -> int:
    ids = retention.old_recordings(connection, limits)
    retention.remove_recordings(connection, ids)
    return len(ids)


def _remove_jobs(connection: Connection, limits: RetentionLimits) -> int:
    return retention.remove_jobs(connection, retention.old_jobs(connection, limits))


def _remove_pending_delete(database: Database, store: Store, counts: RemovalCounts) -> None:
    last = ""
    while True:
        with database.read() as connection:
            sizes = dict(retention.pending_deletes(connection, after=last))
        if not sizes:
            return
        last = max(sizes)
        deleted = _delete(store, list(sizes))
        with database.write() as connection:
            counts.files += delete_audio_rows(connection, deleted)
        counts.size_bytes += sum(sizes[key] for key in deleted)


def _delete(store: Store, keys: Sequence[str]) -> list[str]:
    """Delete files. Returns the deleted keys. Files that cannot be deleted are left to the next cleanup."""
    deleted = []
    for key in keys:
        try:
            store.delete([key])
        except Exception as error:
            log.warning("a file could not be deleted", key=key, error=type(error).__name__)
        else:
            deleted.append(key)
    return deleted


def _orphans(database: Database, store: Store) -> Iterator[dict[str, int]]:
    """Yield batches of files (with sizes) that no row names. Attempts that did not finish leave them behind."""
    modified_before = time.time() - ORPHAN_AGE_S
    files = store.keys()
    old_files = ((key, size) for key, changed_at, size in files if changed_at < modified_before)
    while sizes := dict(islice(old_files, BATCH)):
        jobs = {key: job_id_of(key) or "" for key in sizes}
        with database.read() as connection:
            # Query in this order: if a job ends in between, either it counts as unfinished or its file is known.
            unfinished = retention.unfinished_jobs(connection, sorted(set(jobs.values())))
            known = retention.known_keys(connection, list(sizes))
        yield {key: size for key, size in sizes.items() if key not in known and jobs[key] not in unfinished}
