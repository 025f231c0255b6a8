"""`oratio jobs list` and `oratio jobs show`."""

from collections.abc import Iterator

from cli.client import Job
from cli.client.records import Status
from cli.commands.connect import connect
from cli.output.console import make_console, print_json
from cli.output.tables import local_time, show_table, single_line, time_zone_name
from common.settings import Settings


def show_jobs(
    settings: Settings,
    *,
    status: Status | None,
    voice: str | None,
    limit: int,
    as_json: bool,
    url: str | None,
) -> int:
    """Return the exit status."""
    with connect(settings, url=url, errors=make_console(stderr=True)) as client:
        jobs = list(client.jobs(status=status, voice_id=voice, limit=limit))
    if as_json:
        print_json([job.raw for job in jobs])
    elif jobs:
        show_table(make_console(), _columns(), (_row(job) for job in jobs))
    else:
        make_console().print("No jobs match." if status or voice else "There are no jobs.")
    return 0


def show_job(settings: Settings, job_id: str, *, as_json: bool, url: str | None) -> int:
    """Return the exit status."""
    with connect(settings, url=url, errors=make_console(stderr=True)) as client:
        job = client.job(job_id)
    if as_json:
        print_json(job.raw)
        return 0
    console = make_console()
    for name, value in _fields(job):
        console.print(f"{name:<9} {value}")
    return 0


def format_duration(duration_s: float | None) -> str:
    return "" if duration_s is None else f"{duration_s:.1f} s"


def describe_status(job: Job) -> str:
    """Return the status, with the percentage of a running job and the queue position of a queued one."""
    if job.status == "running" and job.progress.segments_total:
        return f"running, {job.progress.percent:.0f} %"
    if not job.queue_position:
        return job.status
    more = "+" if job.queue_position_is_at_least else ""
    return f"queued, position {job.queue_position}{more}"


def _columns() -> tuple[str, ...]:
    return ("Job", "Status", f"Created ({time_zone_name()})", "Voice", "Format", "Duration", "Text")


def _row(job: Job) -> tuple[str, ...]:
    created = local_time(job.created_at)
    return (
        job.job_id,
        describe_status(job),
        created,
        job.voice_id,
        job.format,
        format_duration(job.duration_s),
        job.text,
    )


def _fields(job: Job) -> Iterator[tuple[str, str]]:
    """Yield the name and value of every field that has a value, most important first."""
    took_ms = job.timings.total_ms
    fields = {
        "Job": job.job_id,
        "Status": describe_status(job),
        "Error": f"{job.error.message} ({job.error.code})" if job.error else "",
        "Created": local_time(job.created_at),
        "Finished": local_time(job.finished_at),
        "Elapsed": "" if took_ms is None else f"{took_ms / 1000:.2f} s",
        "Voice": f"{job.voice_id} ({job.model}, {job.provider})",
        "Language": job.language or "",
        "Speed": "" if job.speed == 1 else f"{job.speed:g}",
        "Style": job.style or "",
        "Audio": f"{format_duration(job.duration_s)}, {job.size_bytes:,} bytes, {job.format}"
        if job.size_bytes
        else "",
        "Attempts": str(job.attempts) if job.attempts > 1 else "",
        "Text": job.text,
    }
    yield from ((name, single_line(value)) for name, value in fields.items() if value)
    yield from (("Warning", single_line(warning)) for warning in job.warnings)
