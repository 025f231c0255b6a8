"""Every transition of a part: which function makes it, from which status to which, and when."""

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


# A part goes with its job: `changes.remove` and the retention delete both. Every write to a running part names its
# attempt (common.db.leased_table), except that callers cancel it and that the sweep takes it back.
TRANSITIONS = (
    Transition(None, _QUEUED, "submission.submit", "a job is accepted"),
    Transition(_QUEUED, _RUNNING, "lease.claim", "a worker takes it: attempt + 1, lease, worker"),
    Transition(_RUNNING, _COMPLETED, "lease.finish", "the file is in the store"),
    Transition(_RUNNING, _FAILED, "lease.fail", "the worker gives up, with a code and a message"),
    Transition(
        _RUNNING, _QUEUED, "lease.retry_later", "after a failure that may pass: failures + 1, a delay"
    ),
    Transition(
        _RUNNING, _QUEUED, "lease.hand_back", "the worker stops or has no room: no attempt is counted"
    ),
    Transition(_RUNNING, _QUEUED, "lease.pass_on", "voices of another model go on: the next stage's queue"),
    Transition(_RUNNING, _QUEUED, "lease.hand_over", "another provider speaks it: that provider's queue"),
    Transition(_RUNNING, _QUEUED, "sweep.release_expired", "its lease ran out: it runs isolated from now on"),
    Transition(_RUNNING, _FAILED, "sweep.release_expired", "it ended its worker too often: worker_crashed"),
    Transition(_QUEUED, _CANCELLED, "changes.cancel", "a caller cancels the job"),
    Transition(_RUNNING, _CANCELLED, "changes.cancel", "a caller cancels the job, or its last listener left"),
    Transition(
        _FAILED, _QUEUED, "changes.retry", "a caller retries the job: failures and crashes start from 0"
    ),
    Transition(_CANCELLED, _QUEUED, "changes.retry", "a caller retries the job"),
)

# The gateway publishes the first message right after the commit. If that is lost, the sweep publishes from here on.
FIRST_MESSAGE_RETRY_S = 5.0
# What every transition back to `queued` writes. The back-off of messages starts again, because it is for parts that no
# worker takes.
QUEUED_AGAIN: dict[str, Any] = {"status": _QUEUED, "lease_until": None, "messages": 0}
# The job starts again from its first segment. Its old progress and start would mislead the forecast.
JOB_QUEUED_AGAIN: dict[str, Any] = {"status": _QUEUED, "segments_done": 0, "started_at": None}
