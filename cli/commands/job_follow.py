"""`oratio jobs follow`: shows the progress of a job until it ends."""

from cli.client import Client, Job, Progress
from cli.client.decoding import decode
from cli.commands.connect import connect
from cli.commands.job_table import format_duration
from cli.output.console import make_console, print_json
from cli.output.progress import job_progress
from common.settings import Settings


def follow(settings: Settings, job_id: str, *, as_json: bool, url: str | None) -> int:
    """Return the exit status: 1 if the job failed or was cancelled."""
    with connect(settings, url=url, errors=make_console(stderr=True)) as client:
        job = _print_events(client, job_id) if as_json else _print_progress(client, job_id)
    if not as_json:
        _print_end(job)
    return 0 if job.status == "completed" else 1


def _print_progress(client: Client, job_id: str) -> Job:
    console = make_console()
    with job_progress(console) as show:

        def report(progress: Progress) -> None:
            show(progress)
            if not console.is_terminal:
                console.print(f"{progress.segments_done} of {progress.segments_total} segments")

        return client.wait(job_id, on_progress=report)


def _print_events(client: Client, job_id: str) -> Job:
    """Print each event as a line of JSON. The returned job holds only the id and the final status."""
    status = None
    for event in client.events(job_id):
        print_json({"id": event.id, "event": event.name, "data": event.data}, in_one_line=True)
        status = event.name if event.is_last else event.data.get("status")
    return decode(Job, {"job_id": job_id, "status": status})


def _print_end(job: Job) -> None:
    if job.status == "completed":
        make_console().print(f"{job.job_id}: completed, {format_duration(job.duration_s)}")
        return
    why = f" {job.error.message} ({job.error.code})" if job.error else ""
    make_console(stderr=True).print(f"{job.job_id}: {job.status}.{why}")
