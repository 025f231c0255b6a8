"""`oratio history`: the group of commands about recordings."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.command_group import ListByDefaultGroup
from cli.commands.configuration import read_settings
from cli.commands.options import AsJson, Captions, Limit, RecordingId, RecordingIds, Url, Voice

app = typer.Typer(
    cls=ListByDefaultGroup,
    help="List, search, download, rename, keep and delete recordings. Without a command: `list`.",
)


@app.command("list")
def list_(
    *,
    q: Annotated[
        str | None, typer.Option(help="Search for words, or beginnings of words, in titles and texts.")
    ] = None,
    voice: Voice = None,
    model: Annotated[str | None, typer.Option(help="Only recordings of this model.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Only from this date or time on, for example 2026-05-01.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="Only up to this date or time; a date includes its whole day.")
    ] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List recordings, newest first. This is the default command of `oratio history`."""
    from cli.commands.recordings import show_recordings

    filters = {"query": q, "voice_id": voice, "model": model, "since": from_, "until": to}
    raise typer.Exit(show_recordings(read_settings(), limit=limit, as_json=as_json, url=url, **filters))


@app.command()
def rename(
    job_id: RecordingId,
    title: Annotated[str, typer.Argument(help="New title, up to 200 characters.", show_default=False)],
    *,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Change the title of a recording."""
    from cli.commands import recordings

    raise typer.Exit(recordings.rename(read_settings(), job_id, title, as_json=as_json, url=url))


@app.command()
def get(
    job_id: RecordingId,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder, or file whose extension sets the format.")
    ] = None,
    captions: Captions = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Download the audio of a recording, in its own or another format."""
    from cli.commands.recordings import fetch

    raise typer.Exit(
        fetch(read_settings(), job_id, output=output, captions=captions, as_json=as_json, url=url)
    )


@app.command()
def keep(
    job_ids: RecordingIds,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Let the retention delete them again.")] = False,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Exempt recordings from the retention, which deletes old ones."""
    from cli.commands.job_actions import keep_recordings

    raise typer.Exit(keep_recordings(read_settings(), job_ids, kept=not undo, as_json=as_json, url=url))


@app.command()
def delete(job_ids: RecordingIds, *, as_json: AsJson = False, url: Url = None) -> None:
    """Delete recordings with their audio and jobs."""
    from cli.commands.job_actions import delete_recordings

    raise typer.Exit(delete_recordings(read_settings(), job_ids, as_json=as_json, url=url))
