"""The `oratio` program. Each command imports its code when it runs, so that `--help` is fast."""

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands import completion, history, jobs, models, options, say_options, wyoming
from cli.commands.configuration import read_settings

if TYPE_CHECKING:
    from cli.service.processes import Command
    from common.settings import Settings

app = typer.Typer(
    name="oratio",
    help="OratioViva, a self-hosted text-to-speech service.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

app.add_typer(jobs.app, name="jobs")
app.add_typer(history.app, name="history")
app.add_typer(models.app, name="models")
app.command()(wyoming.wyoming)

Engines = Annotated[
    int | None,
    typer.Option(
        min=0, help="Engine processes of each worker (default, and 0: one per CPU core, or one per GPU)."
    ),
]
DataDir = Annotated[
    Path | None, typer.Option(help="Folder of the database, the audio and the logs (default: data).")
]


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # Replace characters that the terminal cannot encode instead of failing.
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
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Options of `oratio` itself."""


@app.command()
def up(  # noqa: PLR0917  # typer calls it by name
    host: Annotated[str | None, typer.Option(help="Address to listen on (default: 127.0.0.1).")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port to listen on (default: 8000); 0 picks a free one."),
    ] = None,
    data_dir: DataDir = None,
    engines: Engines = None,
    workers: Annotated[
        int,
        typer.Option(
            min=1, help="Number of workers of this environment, each with its own engine processes."
        ),
    ] = 1,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also print the logs of all processes.")
    ] = False,
) -> None:
    """Run the whole service on this machine until Ctrl-C."""
    from cli.commands.up import up as run

    settings = read_settings(host=host, port=port, data_dir=data_dir, engines=engines)
    raise typer.Exit(run(settings, workers=workers, verbose=verbose))


app.command()(say_options.say)


@app.command()
def stream(
    text: options.Text = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write instead of playing; '-' is standard output."),
    ] = None,
    voice: options.Voice = None,
    speed: options.Speed = None,
    style: options.Style = None,
    language: options.Language = None,
    audio_format: options.Format = None,
    seed: options.Seed = None,
    lexicon: options.Lexicon = None,
    no_normalize: options.NoNormalize = False,
    keep: Annotated[bool, typer.Option("--keep", help="Finish the job even if this command stops.")] = False,
    as_json: options.AsJson = False,
    url: options.UrlOrStart = None,
) -> None:
    """Play speech, or write it to a pipe, while it is synthesized. Ctrl-C stops it."""
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
    model: Annotated[str | None, typer.Option(help="Only voices of this model, for example kokoro.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Only voices of this language, for example fr.")
    ] = None,
    as_json: options.AsJson = False,
    url: options.Url = None,
) -> None:
    """List the voices, and why some are not available."""
    from cli.commands.voices import voices as run

    raise typer.Exit(run(read_settings(), model=model, language=language, as_json=as_json, url=url))


@app.command()
def workers(*, as_json: options.AsJson = False, url: options.Url = None) -> None:
    """List the workers, their current jobs, and the queues."""
    from cli.commands.workers import workers as run

    raise typer.Exit(run(read_settings(), as_json=as_json, url=url))


@app.command()
def export(
    job_ids: Annotated[
        list[str] | None,
        typer.Argument(help="Job ids.", show_default=False, autocompletion=completion.recording_ids),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Export all recordings.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write (default: oratio.zip).")
    ] = None,
    captions: Annotated[str | None, typer.Option(help="Also export captions: srt, vtt, json or ass.")] = None,
    as_json: options.AsJson = False,
    url: options.Url = None,
) -> None:
    """Export recordings as a ZIP file with a manifest."""
    from cli.commands.export import ExportArguments
    from cli.commands.export import export as run

    arguments = ExportArguments(job_ids or [], everything, output, captions, as_json, url)
    raise typer.Exit(run(read_settings(), arguments))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check the installation and say how to fix what is wrong."""
    from cli.commands.doctor.report import doctor as run

    raise typer.Exit(run(read_settings(), as_json=as_json))


@app.command()
def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail if the database is not up to date.")
    ] = False,
) -> None:
    """Update the database schema. Safe to run from several machines at once."""
    from cli.commands.migrate import migrate_or_check

    raise typer.Exit(migrate_or_check(read_settings(), check=check))


@app.command()
def gateway() -> None:
    """Run a gateway process, which serves the HTTP API.

    ORATIO_HOST and ORATIO_PORT set the address (default: 127.0.0.1, port 8000).
    """
    from cli.service import processes

    settings = read_settings()
    _replace_process(processes.gateway(settings), settings)


@app.command()
def worker(
    models: Annotated[
        str, typer.Option(help="Models to serve, comma-separated (default: all that are installed).")
    ] = "",
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Jobs to run at once, at most half of them in bulk (default: 16; torch: 32 or 64; inference: 4).",
        ),
    ] = None,
    engines: Engines = None,
    name: Annotated[str, typer.Option(help="Name of this worker, unique on this machine.")] = "worker",
) -> None:
    """Run a worker, which synthesizes speech."""
    from cli.commands.single_process import worker_command

    settings = read_settings(engines=engines)
    _replace_process(worker_command(settings, models=models, concurrency=concurrency, name=name), settings)


@app.command()
def ops() -> None:
    """Run the ops worker: recovery, cleanup, downloads and format conversion."""
    from cli.service import processes

    settings = read_settings()
    _replace_process(processes.ops(settings), settings)


@app.command()
def beat() -> None:
    """Run the scheduler that triggers recovery and cleanup."""
    from cli.commands.single_process import replace_process
    from cli.service import processes

    settings = read_settings()
    processes.beat_folder(settings).mkdir(parents=True, exist_ok=True)
    # The scheduler does not use the database, so no migration is needed.
    replace_process(processes.beat(settings))


def _replace_process(command: "Command", settings: "Settings") -> None:
    from cli.commands.migrate import migrate_or_check
    from cli.commands.single_process import replace_process

    if status := migrate_or_check(settings, check=False):
        raise typer.Exit(status)
    replace_process(command)


if __name__ == "__main__":
    main()
