"""The `oratio` command. Each command imports what it needs when it runs, so that help is quick."""

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands import completion, history, jobs, models, options
from cli.commands.configuration import read_settings

if TYPE_CHECKING:
    from cli.service.processes import Command
    from common.settings import Settings

app = typer.Typer(
    name="oratio",
    help="A self-hosted speech service.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

app.add_typer(jobs.app, name="jobs")
app.add_typer(history.app, name="history")
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
    from cli.commands.up import up as run

    settings = read_settings(host=host, port=port, data_dir=data_dir)
    raise typer.Exit(run(settings, workers=workers, verbose=verbose))


@app.command()
def say(
    text: options.Text = None,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file; its ending says the format.")
    ] = None,
    voice: options.Voice = None,
    speed: options.Speed = None,
    style: options.Style = None,
    language: options.Language = None,
    audio_format: options.Format = None,
    seed: options.Seed = None,
    captions: Annotated[
        Path | None, typer.Option(help="Also write captions, as .srt, .vtt or .json.")
    ] = None,
    lexicon: options.Lexicon = None,
    no_normalize: options.NoNormalize = False,
    as_json: options.AsJson = False,
    url: options.UrlOrStart = None,
) -> None:
    """Speak a text into a file."""
    from cli.client import SynthesisOptions
    from cli.commands.say import SayArguments
    from cli.commands.say import say as run

    synthesis = SynthesisOptions(
        voice_id=voice,
        speed=speed,
        style=style,
        language=language,
        format=audio_format,
        seed=seed,
        normalize=False if no_normalize else None,
    )
    raise typer.Exit(
        run(read_settings(), SayArguments(text, output, synthesis, captions, lexicon, as_json, url))
    )


@app.command()
def stream(
    text: options.Text = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A file instead of the loudspeaker; '-' is standard output."),
    ] = None,
    voice: options.Voice = None,
    speed: options.Speed = None,
    style: options.Style = None,
    language: options.Language = None,
    audio_format: options.Format = None,
    seed: options.Seed = None,
    lexicon: options.Lexicon = None,
    no_normalize: options.NoNormalize = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Speak it to its end, even if nobody listens.")
    ] = False,
    as_json: options.AsJson = False,
    url: options.UrlOrStart = None,
) -> None:
    """Speak a text aloud, or into a pipe, while it is being made. Ctrl-C stops it."""
    from cli.client import SynthesisOptions
    from cli.commands.stream import StreamArguments
    from cli.commands.stream import stream as run

    synthesis = SynthesisOptions(
        voice_id=voice,
        speed=speed,
        style=style,
        language=language,
        format=audio_format,
        seed=seed,
        normalize=False if no_normalize else None,
    )
    raise typer.Exit(
        run(read_settings(), StreamArguments(text, output, synthesis, lexicon, keep, as_json, url))
    )


@app.command()
def voices(
    *,
    model: Annotated[str | None, typer.Option(help="Only of this model, as kokoro.")] = None,
    language: Annotated[str | None, typer.Option(help="Only of this language, as fr.")] = None,
    as_json: options.AsJson = False,
    url: options.Url = None,
) -> None:
    """List who can speak, and what stands in the way of the others."""
    from cli.commands.voices import voices as run

    raise typer.Exit(run(read_settings(), model=model, language=language, as_json=as_json, url=url))


@app.command()
def workers(*, as_json: options.AsJson = False, url: options.Url = None) -> None:
    """List who works, on what, and what waits."""
    from cli.commands.workers import workers as run

    raise typer.Exit(run(read_settings(), as_json=as_json, url=url))


@app.command()
def export(
    job_ids: Annotated[
        list[str] | None,
        typer.Argument(help="Ids of jobs.", show_default=False, autocompletion=completion.recording_ids),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="The whole history.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="The file; oratio.zip.")] = None,
    as_json: options.AsJson = False,
    url: options.Url = None,
) -> None:
    """Put recordings into one ZIP, with a manifest."""
    from cli.commands.export import export as run

    raise typer.Exit(
        run(read_settings(), job_ids or [], everything=everything, output=output, as_json=as_json, url=url)
    )


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what is there, what is missing, and what to do about it."""
    from cli.commands.doctor.report import doctor as run

    raise typer.Exit(run(read_settings(), as_json=as_json))


@app.command()
def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say whether tables and models agree.")] = False,
) -> None:
    """Bring the database up to date; safe when several do it at once."""
    from cli.commands.migrate import migrate_or_check

    raise typer.Exit(migrate_or_check(read_settings(), check=check))


@app.command()
def gateway() -> None:
    """Run the HTTP API in this process."""
    from cli.service import processes

    settings = read_settings()
    _replace_process(processes.gateway(settings), settings)


@app.command()
def worker(
    models: Annotated[str, typer.Option(help="Engines to serve, comma-separated; all local ones.")] = "",
    concurrency: Annotated[int | None, typer.Option(min=1, help="Jobs at once.")] = None,
    name: Annotated[str, typer.Option(help="Its name on this machine.")] = "worker",
) -> None:
    """Run a worker in this process."""
    from cli.commands.single_process import worker_command

    settings = read_settings()
    _replace_process(worker_command(settings, models=models, concurrency=concurrency, name=name), settings)


@app.command()
def ops() -> None:
    """Run the worker that sweeps, cleans and downloads in this process."""
    from cli.service import processes

    settings = read_settings()
    _replace_process(processes.ops(settings), settings)


@app.command()
def beat() -> None:
    """Run the clock that rings for sweep and cleanup in this process."""
    from cli.commands.single_process import replace_process
    from cli.service import processes

    settings = read_settings()
    processes.beat_folder(settings).mkdir(parents=True, exist_ok=True)
    # It touches no database.
    replace_process(processes.beat(settings))


def _replace_process(command: "Command", settings: "Settings") -> None:
    from cli.commands.migrate import migrate_or_check
    from cli.commands.single_process import replace_process

    if status := migrate_or_check(settings, check=False):
        raise typer.Exit(status)
    replace_process(command)


if __name__ == "__main__":
    main()
