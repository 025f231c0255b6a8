"""The table of transitions matches the code: every function, applied to a part in every status, on both databases."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection, select, update

from common.db.database import Database, clock
from common.db.tables import Part
from common.errors import OratioError
from common.jobs import changes, lease, submission, sweep
from common.jobs.lease import ClaimedPart
from common.jobs.submission import NewJob, QueueCapacity
from common.jobs.transitions import TRANSITIONS, Transition
from common.status import JobStatus
from tests.support.rows import claim_part, evidence, new_job, result_of, submit

# (function, status before, status after). None: there is no such part.
Observation = tuple[str, JobStatus | None, JobStatus | None]


@dataclass(frozen=True, slots=True)
class Case:
    """A job whose part has some status. `part` is the claim of the worker that last held it."""

    job: NewJob
    part: ClaimedPart


Change = Callable[[Connection, Case], object]


def expire(connection: Connection, case: Case, **values: object) -> None:
    expired_at = clock(connection) - 1
    running = (Part.id == case.job.part_id, Part.status == JobStatus.RUNNING)
    connection.execute(update(Part).where(*running).values(lease_until=expired_at, **values))


def release_expired(connection: Connection, case: Case) -> object:
    expire(connection, case)
    return sweep.release_expired(connection, evidence(connection))


def release_after_last_crash(connection: Connection, case: Case) -> object:
    expire(connection, case, isolated=True, crashes=sweep.MAX_CRASHES - 1)
    return sweep.release_expired(connection, evidence(connection))


FUNCTIONS: tuple[tuple[str, Change], ...] = (
    ("submission.submit", lambda c, case: submission.submit(c, [case.job], capacity=QueueCapacity(1000))),
    (
        "lease.claim",
        lambda c, case: lease.claim(c, case.job.part_id, isolated=False, worker_id="other", lease_s=30),
    ),
    ("lease.finish", lambda c, case: lease.finish(c, case.part, result_of(case.part))),
    ("lease.fail", lambda c, case: lease.fail(c, case.part, code="engine_failed", message="It failed.")),
    ("lease.retry_later", lambda c, case: lease.retry_later(c, case.part, delay_s=1)),
    ("lease.hand_back", lambda c, case: lease.hand_back(c, case.part)),
    ("lease.pass_on", lambda c, case: lease.pass_on(c, case.part, queue="kokoro.bulk", key="partial")),
    (
        "lease.hand_over",
        lambda c, case: lease.hand_over(c, case.part, queue="stub.bulk", provider="stub", warning=""),
    ),
    ("sweep.release_expired", release_expired),
    ("sweep.release_expired", release_after_last_crash),
    ("changes.cancel", lambda c, case: changes.cancel(c, case.job.id, owner="local")),
    (
        "changes.retry",
        lambda c, case: changes.retry(c, case.job.id, owner="local", capacity=QueueCapacity(1000)),
    ),
)

# How a part that a worker holds gets each status.
SETUPS: dict[JobStatus | None, Change] = {
    None: lambda c, case: changes.remove(c, case.job.id, owner="local"),
    JobStatus.QUEUED: lambda c, case: lease.hand_back(c, case.part),
    JobStatus.RUNNING: lambda c, case: None,
    JobStatus.COMPLETED: lambda c, case: lease.finish(c, case.part, result_of(case.part)),
    JobStatus.FAILED: lambda c, case: lease.fail(c, case.part, code="engine_failed", message="It failed."),
    JobStatus.CANCELLED: lambda c, case: changes.cancel(c, case.job.id, owner="local"),
}


def part_status(database: Database, job: NewJob) -> JobStatus | None:
    with database.read() as connection:
        return connection.scalar(select(Part.status).where(Part.id == job.part_id))


def make_case(database: Database, status: JobStatus | None) -> Case:
    job = new_job()
    submit(database, job)
    case = Case(job, claim_part(database, job))
    with database.write() as connection:
        SETUPS[status](connection, case)
    assert part_status(database, job) == status
    return case


def observe(database: Database, name: str, change: Change, status: JobStatus | None) -> Observation:
    case = make_case(database, status)
    try:
        with database.write() as connection:
            change(connection, case)
    except OratioError:
        pass  # refused: the status must be the same
    return name, status, part_status(database, case.job)


def submit_new(database: Database) -> Observation:
    job = new_job()
    submit(database, job)
    return "submission.submit", None, part_status(database, job)


def as_observation(transition: Transition) -> Observation:
    return transition.made_by, transition.source, transition.target


def test_the_functions_make_exactly_the_transitions_of_the_table(database: Database) -> None:
    assert set(SETUPS) == {None, *JobStatus}
    observed = {observe(database, name, change, status) for name, change in FUNCTIONS for status in SETUPS}
    changed = {(name, before, after) for name, before, after in observed if before != after}
    assert changed | {submit_new(database)} == {as_observation(one) for one in TRANSITIONS}


def test_the_table_names_each_transition_once() -> None:
    assert len({as_observation(one) for one in TRANSITIONS}) == len(TRANSITIONS)


@pytest.mark.parametrize("status", JobStatus)
def test_only_a_retry_leaves_a_terminal_status(status: JobStatus) -> None:
    leaving = {one.made_by for one in TRANSITIONS if one.source == status}
    if status.is_terminal:
        assert leaving <= {"changes.retry"}
    else:
        assert leaving - {"changes.retry"}
