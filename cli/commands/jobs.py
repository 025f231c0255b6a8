"""`oratio jobs`: what was asked for and how it stands."""

from typing import Annotated, Literal

import typer

from cli.commands import completion
from cli.commands.command_group import ListByDefaultGroup
from cli.commands.configuration import read_settings
from cli.commands.options import AsJson, JobId, JobIds, Limit, Url

# As the client has it, which takes too long to load for a help.
Status = Literal["queued", "running", "completed", "failed", "cancelled"]

app = typer.Typer(cls=ListByDefaultGroup, help="List jobs; look at them, cancel, retry, delete, follow them.")


@app.command("list")
def list_(
    *,
    status: Annotated[Status | None, typer.Option(help="Only those.")] = None,
    voice: Annotated[
        str | None, typer.Option(help="Only of this voice.", autocompletion=completion.voice_ids)
    ] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List them, the newest first. Plain `oratio jobs` does so, too."""
    from cli.commands.job_table import show_jobs

    raise typer.Exit(
        show_jobs(read_settings(), status=status, voice=voice, limit=limit, as_json=as_json, url=url)
    )


@app.command()
def show(job_id: JobId, *, as_json: AsJson = False, url: Url = None) -> None:
    """Say everything about one."""
    from cli.commands.job_table import show_job

    raise typer.Exit(show_job(read_settings(), job_id, as_json=as_json, url=url))


@app.command()
def cancel(job_ids: JobIds, *, as_json: AsJson = False, url: Url = None) -> None:
    """Stop what waits or is being spoken."""
    from cli.commands.job_actions import cancel as run

    raise typer.Exit(run(read_settings(), job_ids, as_json=as_json, url=url))


@app.command()
def retry(job_ids: JobIds, *, as_json: AsJson = False, url: Url = None) -> None:
    """Speak what failed or was cancelled again, from the start."""
    from cli.commands.job_actions import retry as run

    raise typer.Exit(run(read_settings(), job_ids, as_json=as_json, url=url))


@app.command()
def delete(job_ids: JobIds, *, as_json: AsJson = False, url: Url = None) -> None:
    """Remove jobs with their recordings and their sound."""
    from cli.commands.job_actions import delete as run

    raise typer.Exit(run(read_settings(), job_ids, as_json=as_json, url=url))


@app.command()
def follow(job_id: JobId, *, as_json: AsJson = False, url: Url = None) -> None:
    """Watch one until it ends. Ctrl-C ends the watching, not the job."""
    from cli.commands.job_follow import follow as run

    raise typer.Exit(run(read_settings(), job_id, as_json=as_json, url=url))
