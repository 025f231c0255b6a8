"""`oratio models`: the group of commands about models and their weights."""

from typing import Annotated

import typer

from cli.commands.configuration import read_settings
from cli.commands.options import AsJson, Url

app = typer.Typer(help="Show, download, load and unload models.", no_args_is_help=True)

Names = Annotated[
    list[str], typer.Argument(help="Models such as kokoro, or weights such as mms_deu.", show_default=False)
]


@app.command()
def download(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Models, weights such as mms_deu, or voices (default: all needed models)."),
    ] = None,
    *,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Download models and show the progress. Ctrl-C does not stop the downloads."""
    from cli.commands.model_downloads import download as run

    raise typer.Exit(run(read_settings(), names or [], as_json=as_json, url=url))


@app.command()
def status(*, as_json: AsJson = False, url: Url = None) -> None:
    """Show which models are downloaded and where they are loaded."""
    from cli.commands.model_table import status as run

    raise typer.Exit(run(read_settings(), as_json=as_json, url=url))


@app.command()
def warm(names: Names, *, as_json: AsJson = False, url: Url = None) -> None:
    """Load models now, so that the next job does not wait for it."""
    from cli.commands.model_commands import change_models

    raise typer.Exit(change_models(read_settings(), "warm", names, as_json=as_json, url=url))


@app.command()
def unload(names: Names, *, as_json: AsJson = False, url: Url = None) -> None:
    """Unload models that are not in use from memory."""
    from cli.commands.model_commands import change_models

    raise typer.Exit(change_models(read_settings(), "unload", names, as_json=as_json, url=url))
