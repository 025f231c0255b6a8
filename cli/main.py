"""The `oratio` command. Each command imports what it needs when it runs, so that help is quick."""

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import models
from cli.configuration import read_settings

if TYPE_CHECKING:
    from cli.processes import Command
    from common.settings import Settings

app = typer.Typer(
    name="oratio",
    help="A self-hosted speech service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(models.app, name="models")

DataDir = Annotated[Path | None, typer.Option(help="Where database, audio and logs lie.")]


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A message that this terminal cannot write in full is no reason to stop.
            stream.reconfigure(errors="replace")
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        from common import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave."),
    ] = False,
) -> None:
    """What stands before a command."""


@app.command()
def up(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.")] = None,
    data_dir: DataDir = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes; one per core.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every log.")] = False,
) -> None:
    """Start everything on this machine, and stop it with Ctrl-C."""
    from cli.up import up as run

    settings = read_settings(host=host, port=port, data_dir=data_dir)
    raise typer.Exit(run(settings, workers=workers, verbose=verbose))


@app.command()
def say(
    text: Annotated[
        str | None, typer.Argument(help="What to say; with '-' or nothing, standard input.")
    ] = None,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file; its ending says the format.")
    ] = None,
    voice: Annotated[str | None, typer.Option(help="A voice of GET /voices.")] = None,
    speed: Annotated[float | None, typer.Option(help="1 is as the voice speaks.")] = None,
    style: Annotated[str | None, typer.Option(help="How to say it, for voices that take a style.")] = None,
    language: Annotated[str | None, typer.Option(help="The text's, as en or pt-BR; else found out.")] = None,
    audio_format: Annotated[str | None, typer.Option("--format", help="wav, flac, mp3, opus, aac.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same speech.")] = None,
    url: Annotated[
        str | None, typer.Option(envvar="ORATIO_URL", help="The service; else one is found, or started.")
    ] = None,
) -> None:
    """Speak a text into a file."""
    from cli.say import Asked
    from cli.say import say as run

    asked = Asked(text, output, voice, speed, style, language, audio_format, seed, url)
    raise typer.Exit(run(read_settings(), asked))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what is there, what is missing, and what to do about it."""
    from cli.doctor import doctor as run

    raise typer.Exit(run(read_settings(), as_json=as_json))


@app.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say whether tables and models agree.")] = False,
) -> None:
    """Bring the database up to date; safe when several do it at once."""
    from cli.migrating import migrate_or_check

    raise typer.Exit(migrate_or_check(read_settings(), check=check))


@app.command()
def gateway() -> None:
    """Run the HTTP API in this process."""
    from cli import processes

    settings = read_settings()
    _become(processes.gateway(settings), settings)


@app.command()
def worker(
    models: Annotated[str, typer.Option(help="Engines to serve, comma-separated; all local ones.")] = "",
    concurrency: Annotated[int | None, typer.Option(min=1, help="Jobs at once.")] = None,
    name: Annotated[str, typer.Option(help="Its name on this machine.")] = "worker",
) -> None:
    """Run a worker in this process."""
    from cli.running import worker_command

    settings = read_settings()
    _become(worker_command(settings, models=models, concurrency=concurrency, name=name), settings)


@app.command()
def ops() -> None:
    """Run the worker that sweeps, cleans and downloads in this process."""
    from cli import processes

    settings = read_settings()
    _become(processes.ops(settings), settings)


@app.command()
def beat() -> None:
    """Run the clock that rings for sweep and cleanup in this process."""
    from cli import processes
    from cli.running import become

    settings = read_settings()
    processes.beat_folder(settings).mkdir(parents=True, exist_ok=True)
    # It touches no database.
    become(processes.beat(settings))


def _become(command: "Command", settings: "Settings") -> None:
    from cli.migrating import migrate_or_check
    from cli.running import become

    if status := migrate_or_check(settings, check=False):
        raise typer.Exit(status)
    become(command)


if __name__ == "__main__":
    main()
