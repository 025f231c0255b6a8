"""How the time of each query grows from a thousand to a million queued jobs, ended jobs and recordings.

`python -m bench scale` takes about ten minutes. `python -m bench.scale --rows 1000 100000` fills smaller databases,
with a thousand rows or more.

Changes are rolled back, so that each round finds the same rows. The times are CPU times of client and server, so that
they are the same on a busy machine. They are without the commit, except for submissions.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from api.jobs.forecast import ahead_of_new, forecast
from api.jobs.lookups import living_job
from bench.rows import COMMON, FREQUENT, QUEUE, RARE, RARE_VOICE, open_filled_postgres, open_filled_sqlite
from bench.table import percentile, show
from common.db.database import Database, clock
from common.db.leased_table import Evidence
from common.ids import new_id
from common.jobs import changes, latencies, queries, queues, retention, submission, sweep, usage
from common.jobs.submission import NewJob, QueueCapacity
from common.recordings.queries import list_recordings
from common.recordings.search import RecordingFilter
from common.settings import Settings
from common.worker_registry import Announcement, ServedWeights, announce, recent_workers

ROWS = (1_000, 1_000_000)
ROUNDS, WARM_UP_ROUNDS = 40, 5
# More than the queued rows, so that submissions are accepted.
QUEUE_MAX = 4_000_000
PAGE = 50
SETTINGS = Settings(_env_file=None, clean_min_age_s=0)

Times = tuple[float, float]
Operation = Callable[[Connection], object]


DATABASES = {"SQLite": open_filled_sqlite, "Postgres": open_filled_postgres}


def main(*, rows: Sequence[int] = ROWS, databases: Sequence[str] = tuple(DATABASES)) -> None:
    for name in databases:
        open_filled = DATABASES[name]
        measured = []
        for count in rows:
            with open_filled(count) as database:
                measured.append(dict(_measure_all(database, count)))
        show(
            f"{name}: CPU milliseconds with {rows[0]:,} and with {rows[-1]:,} rows queued, and as many ended",
            ("", "p50", "p95", "p50", "p95", "ratio p50", "p95"),
            [_table_row(label, measured[0][label], measured[-1][label]) for label in measured[0]],
        )


def _table_row(label: str, small: Times, large: Times) -> tuple[str, ...]:
    ratios = [after / before for before, after in zip(small, large, strict=True)]
    return label, *(f"{ms:.2f}" for ms in (*small, *large)), *(f"{ratio:.1f}" for ratio in ratios)


def _measure_all(database: Database, count: int) -> Iterator[tuple[str, Times]]:
    _announce_worker(database)
    for label, operation in _operations(count).items():
        yield label, _measure(database, operation)
    capacity = QueueCapacity(QUEUE_MAX)
    yield (
        "submission, with its commit",
        _measure(
            database,
            lambda connection: submission.submit(connection, [_new_job()], capacity=capacity),
            commits=True,
        ),
    )


def _operations(count: int) -> dict[str, Operation]:
    last, middle = f"queued-{count}", f"ended-{count // 2}"
    return {
        "job, queued last": lambda connection: forecast(connection, living_job(connection, last)),
        "job, ended": lambda connection: living_job(connection, middle),
        "list": _list(),
        "list, deep page": _list(after_job=middle),
        "list, one status": _list(status="completed"),
        "list, rare voice": _list(voice_id=RARE_VOICE),
        "history": _history(),
        "history, deep page": _history(after_job=middle),
        "history, one voice": _history(voice_id=RARE_VOICE),
        "search, common word": _history(COMMON),
        "search, word in 1 of 100 (10 and 50 found)": _history(FREQUENT),
        "search, word in ten": _history(RARE),
        "search, 1 of 10, none of them new": _history("id7"),
        "search, word in none": _history("xylophone"),
        "analytics of a day": _analytics,
        "workers and queues": _workers,
        "estimate": _estimate,
        "sweep": _sweep,
        "top-up of 200": _top_up,
        "cleanup, edges and a batch": _clean,
        "cleanup, dry run": lambda connection: retention.count_removable(
            connection, retention.find_edges(connection, SETTINGS)
        ),
        "retry": lambda connection: (
            changes.cancel(connection, last, owner="local")
            and changes.retry(connection, last, owner="local", capacity=_capacity_counted_before)
        ),
        "delete": lambda connection: changes.remove(connection, middle, owner="local"),
    }


_capacity_counted_before = QueueCapacity(QUEUE_MAX)


def _measure(database: Database, operation: Operation, *, commits: bool = False) -> Times:
    """Each round in a transaction of its own, which is rolled back unless `commits`."""
    times_ms = []
    for number in range(WARM_UP_ROUNDS + ROUNDS):
        with database.write() as connection:
            server_clock = _server_clock(connection)
            started_s = _cpu_s(server_clock)
            operation(connection)
            if commits:
                connection.commit()
            ended_s = _cpu_s(server_clock)
            if not commits:
                connection.rollback()
        if number >= WARM_UP_ROUNDS:
            times_ms.append((ended_s - started_s) * 1000)
    return percentile(times_ms, 0.5), percentile(times_ms, 0.95)


def _server_clock(connection: Connection) -> int | None:
    """The clock of the CPU time of the server process of a connection. SQLite has no server."""
    if connection.dialect.name == "sqlite":
        return None
    pid: int = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    return ~pid << 3 | 2  # As clock_getcpuclockid(3) on Linux.


def _cpu_s(server_clock: int | None) -> float:
    """The CPU time of this thread and of the server so far. It does not include the work of other processes."""
    server_s = time.clock_gettime(server_clock) if server_clock is not None else 0.0
    return time.thread_time() + server_s


def _list(*, after_job: str | None = None, **filters: Any) -> Operation:
    def run(connection: Connection) -> object:
        after = None
        if after_job:
            after = (living_job(connection, after_job).created_at, after_job)
        page = queries.list_jobs(connection, owner="local", limit=PAGE, after=after, **filters)
        assert page.rows  # else nothing is measured
        return page

    return run


def _history(query: str | None = None, *, after_job: str | None = None, **filters: Any) -> Operation:
    def run(connection: Connection) -> object:
        after = None
        if after_job:
            after = (living_job(connection, after_job).created_at, after_job)
        return list_recordings(
            connection, owner="local", limit=PAGE, after=after, filters=RecordingFilter(query, **filters)
        )

    return run


def _analytics(connection: Connection) -> None:
    since_hour = int(time.time() // 3600) - 23
    recent_workers(connection)
    usage.hourly(connection, owner="local", since_hour=since_hour)
    latencies.bucket_counts(connection, owner="local", since_hour=since_hour)
    usage.totals(connection, owner="local")
    queries.count_by_status(connection)


def _workers(connection: Connection) -> None:
    recent_workers(connection)
    queues.queue_statuses(connection, queues.running_parts(connection))


def _estimate(connection: Connection) -> None:
    workers = recent_workers(connection)
    ahead_of_new(connection, workers, engine="hibari", lane="interactive", s_per_char=0.01)


def _sweep(connection: Connection) -> None:
    sweep.release_expired(connection, Evidence(now=clock(connection), lease_s=SETTINGS.lease_s))
    assert list(queries.queues_with_queued_parts(connection)) == [QUEUE]


def _top_up(connection: Connection) -> None:
    assert len(sweep.claim_due_messages(connection, queue=QUEUE, limit=200)) == 200


def _clean(connection: Connection) -> None:
    edges = retention.find_edges(connection, SETTINGS)
    assert retention.remove_jobs(connection, retention.old_jobs(connection, edges))
    retention.remove_recordings(connection, retention.old_recordings(connection, edges))
    retention.pending_deletes(connection)
    retention.delete_expired_rows(connection)


def _announce_worker(database: Database) -> None:
    served = (ServedWeights(model="hibari", weights="hibari", voices=("heart",)),)
    with database.write() as connection:
        announce(
            connection, Announcement(id="w", flavour="base", version="0", device="cpu", pid=1, served=served)
        )


def _new_job() -> NewJob:
    return NewJob(
        id=new_id(), voice_id="hibari_heart", model="hibari", provider="local", queue=QUEUE, text="Hello there.",
        language=None, speed=1.0, style=None, format="wav", priority="interactive", seed=1, seed_given=False,
        idempotency_key=new_id(), request_hash="0",
    )  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rows", type=int, nargs="+", default=ROWS, help="numbers of rows, the first is the basis"
    )
    parser.add_argument("--databases", nargs="+", default=tuple(DATABASES), choices=DATABASES)
    arguments = parser.parse_args()
    main(rows=arguments.rows, databases=arguments.databases)
