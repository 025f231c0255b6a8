"""The table of all status transitions of a part. A test compares it with the code."""

from dataclasses import dataclass
from typing import Any

from common.status import JobStatus

_QUEUED, _RUNNING, _COMPLETED, _FAILED, _CANCELLED = JobStatus


@dataclass(frozen=True, slots=True)
class Transition:
    source: JobStatus | None
    target: JobStatus
    made_by: str
    when: str


# A source of None is a new part. Parts are deleted with their job, by `changes.remove` and the retention. Every write
# to a running part names its attempt (common.db.leased_table), except those of `changes.cancel` and the sweep.
TRANSITIONS = (
    Transition(None, _QUEUED, "submission.submit", "a job is accepted"),
    Transition(_QUEUED, _RUNNING, "lease.claim", "a worker claims it: attempt + 1, lease, worker"),
    Transition(_RUNNING, _COMPLETED, "lease.finish", "the file is in the store"),
    Transition(_RUNNING, _FAILED, "lease.fail", "the attempt failed, with a code and a message"),
    Transition(_RUNNING, _QUEUED, "lease.retry_later", "a temporary failure: failures + 1, a delay"),
    Transition(_RUNNING, _QUEUED, "lease.hand_back", "the worker stops or is busy, or the store is away"),
    Transition(_RUNNING, _QUEUED, "lease.pass_on", "a stage is done: the queue of the next stage"),
    Transition(_RUNNING, _QUEUED, "lease.hand_over", "another provider takes over: its queue"),
    Transition(
        _RUNNING,
        _QUEUED,
        "sweep.release_expired",
        "its lease is lost: if it may have killed its worker, crashes + 1 and isolated until lease.acquit",
    ),
    Transition(_RUNNING, _FAILED, "sweep.release_expired", "too many of its workers died: worker_crashed"),
    Transition(_QUEUED, _CANCELLED, "changes.cancel", "a caller cancels the job"),
    Transition(_RUNNING, _CANCELLED, "changes.cancel", "a caller cancels the job, or its last listener left"),
    Transition(
        _FAILED, _QUEUED, "changes.retry", "a caller retries the job: failures and crashes start from 0"
    ),
    Transition(_CANCELLED, _QUEUED, "changes.retry", "a caller retries the job"),
)

# The gateway publishes the first message right after the commit. If that is lost, the sweep publishes from here on.
FIRST_MESSAGE_RETRY_S = 5.0
# The values of every transition back to `queued`. The back-off of messages starts again, because it is for parts that
# no worker takes.
QUEUED_AGAIN: dict[str, Any] = {"status": _QUEUED, "lease_until": None, "messages": 0}
# The file starts again from its first segment. Its former progress and start time would mislead the forecast.
JOB_QUEUED_AGAIN: dict[str, Any] = {"status": _QUEUED, "segments_done": 0, "started_at": None}
