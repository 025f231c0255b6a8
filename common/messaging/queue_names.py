"""Names of the broker's queues: how they are built and parsed. Imports nothing, so that every process can use it.

A job waits in `{weights}.{lane}`, for example `hibari.interactive`. The broker's own name carries the deployment's
prefix: `oratio.hibari.interactive`.
"""

from typing import NamedTuple

INTERACTIVE, BULK = "interactive", "bulk"
# Workers empty the queues of the first lane before those of the second.
LANES = (INTERACTIVE, BULK)
# The queue of sweep, cleanup, downloads and transcoding.
OPS = "ops"


class JobQueue(NamedTuple):
    weights: str
    lane: str


def job_queue(weights: str, *, lane: str) -> str:
    return f"{weights}.{lane}"


def parse_job_queue(queue: str) -> JobQueue | None:
    """None for a queue that holds no jobs."""
    weights, _, lane = queue.rpartition(".")
    return JobQueue(weights, lane) if weights and lane in LANES else None


def weights_of(queue: str) -> str:
    """The weights that speak the jobs of a queue."""
    return queue.rpartition(".")[0]


def preceding_queue(queue: str) -> str | None:
    """The interactive queue that workers empty before this bulk queue. None for every other queue."""
    found = parse_job_queue(queue)
    return job_queue(found.weights, lane=INTERACTIVE) if found and found.lane == BULK else None


def worker_queue(worker_id: str) -> str:
    """The queue of commands for one worker."""
    return f"at.{worker_id}"


def full_name(queue: str, *, prefix: str) -> str:
    """The broker's name of a queue. Deployments that share a Redis differ in `prefix`."""
    return f"{prefix}.{queue}"


def without_prefix(name: str, *, prefix: str) -> str:
    return name.removeprefix(f"{prefix}.")
