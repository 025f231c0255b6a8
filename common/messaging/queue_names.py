"""Builds and parses the names of the broker's queues. Imports nothing of the project, so that any process can use it.

A job waits in `{weights}.{lane}`, for example `hibari.interactive`. Its full name on the broker starts with the prefix
of the deployment: `oratio.hibari.interactive`.
"""

from typing import NamedTuple

INTERACTIVE, BULK = "interactive", "bulk"
# Workers take from the queues of the first lane before those of the second.
LANES = (INTERACTIVE, BULK)
# The queue of sweep, cleanup, downloads and transcoding.
OPS = "ops"


class JobQueue(NamedTuple):
    weights: str
    lane: str


def job_queue(weights: str, *, lane: str) -> str:
    return f"{weights}.{lane}"


def parse_job_queue(queue: str) -> JobQueue | None:
    """None for a queue that is not for jobs."""
    weights, _, lane = queue.rpartition(".")
    return JobQueue(weights, lane) if weights and lane in LANES else None


def weights_of(queue: str) -> str:
    """The key of the weights that speak the jobs of a queue."""
    return queue.rpartition(".")[0]


def preceding_queue(queue: str) -> str | None:
    """The interactive queue of the same weights, for a bulk queue. None for every other queue."""
    found = parse_job_queue(queue)
    return job_queue(found.weights, lane=INTERACTIVE) if found and found.lane == BULK else None


def worker_queue(worker_id: str) -> str:
    """The queue of commands for one worker."""
    return f"at.{worker_id}"


def full_name(queue: str, *, prefix: str) -> str:
    """The name of a queue on the broker. Deployments that share a Redis need different prefixes."""
    return f"{prefix}.{queue}"


def without_prefix(name: str, *, prefix: str) -> str:
    return name.removeprefix(f"{prefix}.")
