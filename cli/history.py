"""`oratio history`: what was spoken, for as long as it is kept."""

from pathlib import Path
from typing import Annotated

import typer

from cli.configuration import read_settings
from cli.grouping import ListsByDefault
from cli.options import AsJson, Limit, RecordingId, RecordingIds, Url

app = typer.Typer(cls=ListsByDefault, help="List recordings; get their sound, delete them.")


@app.command("list")
def list_(*, limit: Limit = 20, as_json: AsJson = False, url: Url = None) -> None:
    """List them, the newest first. Plain `oratio history` does so, too."""
    from cli.recordings import show_all

    raise typer.Exit(show_all(read_settings(), limit=limit, as_json=as_json, url=url))


@app.command()
def get(
    job_id: RecordingId,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file, or the folder to put it into.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Fetch the sound of a recording."""
    from cli.recordings import fetch

    raise typer.Exit(fetch(read_settings(), job_id, output=output, as_json=as_json, url=url))


@app.command()
def delete(job_ids: RecordingIds, *, as_json: AsJson = False, url: Url = None) -> None:
    """Remove recordings with their sound and their jobs."""
    from cli.job_orders import delete_recordings

    raise typer.Exit(delete_recordings(read_settings(), job_ids, as_json=as_json, url=url))
