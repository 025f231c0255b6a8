"""`oratio workers`: lists the workers, their current jobs, and the queues."""

from datetime import UTC, datetime

from rich.filesize import decimal

from cli.client import LeasedPart, Queue, Worker, Workers
from cli.commands.connect import connect
from cli.output.console import make_console, print_json
from cli.output.tables import show_table
from common.settings import Settings

_WORKER_COLUMNS = ("Worker", "State", "Environment", "Device", "Engines", "Memory", "Loaded", "Current jobs")
_QUEUE_COLUMNS = ("Queue", "Queued", "Running", "Workers", "Oldest")


def workers(settings: Settings, *, as_json: bool, url: str | None) -> int:
    """Return the exit status."""
    with connect(settings, url=url, errors=make_console(stderr=True)) as client:
        response = client.workers()
    if as_json:
        print_json(response.raw)
    else:
        _show(response)
    return 0


def _show(response: Workers) -> None:
    console = make_console()
    if not response.workers:
        console.print("There are no workers.")
    else:
        show_table(console, _WORKER_COLUMNS, (_worker_row(worker) for worker in response.workers))
    busy = [queue for queue in response.queues if queue.queued or queue.running]
    if busy:
        console.print()
        show_table(console, _QUEUE_COLUMNS, (_queue_row(queue) for queue in busy))
    elif response.workers:
        console.print("No jobs are queued or running.")


def _worker_row(worker: Worker) -> tuple[str, ...]:
    memory = decimal(worker.memory_bytes) if worker.memory_bytes else ""
    loaded = ", ".join(model.weights for model in worker.models if model.loaded)
    now = ", ".join(_describe_part(part) for part in worker.holding)
    engines = str(worker.engine_processes or "")
    return worker.id, _state(worker), worker.flavour, worker.device, engines, memory, loaded, now


def _state(worker: Worker) -> str:
    if worker.alive:
        return "alive"
    return "stopped" if worker.stopped else "no heartbeat"


def _describe_part(part: LeasedPart) -> str:
    progress = f", segment {part.segments_done} of {part.segments_total}" if part.segments_total else ""
    return f"{part.job_id} ({part.voice_id}{progress})"


def _queue_row(queue: Queue) -> tuple[str, ...]:
    more = "+" if queue.queued_is_at_least else ""
    return queue.queue, f"{queue.queued}{more}", str(queue.running), str(queue.workers), _age(queue.oldest_at)


def _age(since: datetime | None) -> str:
    """Return how long ago that was, as h:mm:ss."""
    if since is None:
        return ""
    seconds = max(0, round((datetime.now(UTC) - since).total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
