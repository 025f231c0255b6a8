"""`oratio models`: what is there of the models, fetching them, and having them loaded or not."""

from typing import Annotated

import typer

from cli.commands.configuration import read_settings
from cli.commands.options import AsJson, Url

app = typer.Typer(help="What is there of the models; fetch, load and unload them.", no_args_is_help=True)

Names = Annotated[list[str], typer.Argument(help="Families, or keys such as mms_deu.", show_default=False)]


@app.command()
def download(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Families, keys such as mms_deu, or voices; none: what is needed."),
    ] = None,
    *,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Have the service fetch models, and watch it. Ctrl-C ends the watching, not the downloads."""
    from cli.commands.model_downloads import download as run

    raise typer.Exit(run(read_settings(), names or [], as_json=as_json, url=url))


@app.command()
def status(*, as_json: AsJson = False, url: Url = None) -> None:
    """Say which models are there, and where they are loaded."""
    from cli.commands.model_table import status as run

    raise typer.Exit(run(read_settings(), as_json=as_json, url=url))


@app.command()
def warm(names: Names, *, as_json: AsJson = False, url: Url = None) -> None:
    """Load models now, so that nobody waits for it later."""
    from cli.commands.model_commands import change_models

    raise typer.Exit(change_models(read_settings(), "warm", names, as_json=as_json, url=url))


@app.command()
def unload(names: Names, *, as_json: AsJson = False, url: Url = None) -> None:
    """Take models out of memory where they are not in use."""
    from cli.commands.model_commands import change_models

    raise typer.Exit(change_models(read_settings(), "unload", names, as_json=as_json, url=url))
