"""`oratio history`: what was spoken, for as long as it is kept."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.command_group import ListByDefaultGroup
from cli.commands.configuration import read_settings
from cli.commands.options import AsJson, Limit, RecordingId, RecordingIds, Url, Voice

app = typer.Typer(cls=ListByDefaultGroup, help="Find recordings; get their sound, rename, delete them.")


@app.command("list")
def list_(
    *,
    q: Annotated[str | None, typer.Option(help="Words of title or text, or how they begin.")] = None,
    voice: Voice = None,
    model: Annotated[str | None, typer.Option(help="Only of this model.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="A date or a moment, as 2026-05-01.")] = None,
    to: Annotated[str | None, typer.Option(help="The same; of a date, its whole day.")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List them, the newest first. Plain `oratio history` does so, too."""
    from cli.commands.recordings import show_recordings

    filters = {"query": q, "voice_id": voice, "model": model, "since": from_, "until": to}
    raise typer.Exit(show_recordings(read_settings(), limit=limit, as_json=as_json, url=url, **filters))


@app.command()
def rename(
    job_id: RecordingId,
    title: Annotated[str, typer.Argument(help="Up to 200 characters.", show_default=False)],
    *,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Give a recording another title."""
    from cli.commands import recordings

    raise typer.Exit(recordings.rename(read_settings(), job_id, title, as_json=as_json, url=url))


@app.command()
def get(
    job_id: RecordingId,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file, its ending the format; or a folder.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Fetch the sound of a recording, as it was spoken or, by the file's ending, in another format."""
    from cli.commands.recordings import fetch

    raise typer.Exit(fetch(read_settings(), job_id, output=output, as_json=as_json, url=url))


@app.command()
def delete(job_ids: RecordingIds, *, as_json: AsJson = False, url: Url = None) -> None:
    """Remove recordings with their sound and their jobs."""
    from cli.commands.job_actions import delete_recordings

    raise typer.Exit(delete_recordings(read_settings(), job_ids, as_json=as_json, url=url))
