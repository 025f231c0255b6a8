"""`oratio jobs`: the group of commands about jobs."""

from typing import Annotated, Literal

import typer

from cli.commands import completion
from cli.commands.command_group import ListByDefaultGroup
from cli.commands.configuration import read_settings
from cli.commands.options import AsJson, JobId, JobIds, Limit, Url

# A copy of cli.client.records.Status, because importing the client would slow down `--help`.
Status = Literal["queued", "running", "completed", "failed", "cancelled"]

app = typer.Typer(
    cls=ListByDefaultGroup,
    help="List, show, cancel, retry, delete and follow jobs. Without a command: `list`, with its options.",
)


@app.command("list")
def list_(
    *,
    status: Annotated[
        Status | None,
        typer.Option(
            metavar="STATUS",
            help="Only jobs with this status: queued, running, completed, failed or cancelled.",
        ),
    ] = None,
    voice: Annotated[
        str | None, typer.Option(help="Only jobs of this voice.", autocompletion=completion.voice_ids)
    ] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List jobs, newest first. This is the default command of `oratio jobs`."""
    from cli.commands.job_table import show_jobs

    raise typer.Exit(
        show_jobs(read_settings(), status=status, voice=voice, limit=limit, as_json=as_json, url=url)
    )


@app.command()
def show(job_id: JobId, *, as_json: AsJson = False, url: Url = None) -> None:
    """Show all details of a job."""
    from cli.commands.job_table import show_job

    raise typer.Exit(show_job(read_settings(), job_id, as_json=as_json, url=url))


@app.command()
def cancel(job_ids: JobIds, *, as_json: AsJson = False, url: Url = None) -> None:
    """Cancel queued or running jobs."""
    from cli.commands.job_actions import cancel as run

    raise typer.Exit(run(read_settings(), job_ids, as_json=as_json, url=url))


@app.command()
def retry(job_ids: JobIds, *, as_json: AsJson = False, url: Url = None) -> None:
    """Run failed or cancelled jobs again from the start."""
    from cli.commands.job_actions import retry as run

    raise typer.Exit(run(read_settings(), job_ids, as_json=as_json, url=url))


@app.command()
def delete(job_ids: JobIds, *, as_json: AsJson = False, url: Url = None) -> None:
    """Delete jobs with their recordings and audio."""
    from cli.commands.job_actions import delete as run

    raise typer.Exit(run(read_settings(), job_ids, as_json=as_json, url=url))


@app.command()
def follow(job_id: JobId, *, as_json: AsJson = False, url: Url = None) -> None:
    """Show the progress of a job until it ends. Ctrl-C does not cancel the job."""
    from cli.commands.job_follow import follow as run

    raise typer.Exit(run(read_settings(), job_id, as_json=as_json, url=url))
