"""`oratio say`: its arguments. The code is imported when it runs, so that `--help` is fast."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands import options
from cli.commands.configuration import read_settings


def say(
    text: options.Text = None,
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; its extension sets the format.")
    ] = None,
    voice: options.Voice = None,
    speed: options.Speed = None,
    style: options.Style = None,
    language: options.Language = None,
    audio_format: options.Format = None,
    seed: options.Seed = None,
    input_type: Annotated[
        str | None, typer.Option(help="Speak captions at their times: srt or vtt (default: text).")
    ] = None,
    captions: options.Captions = None,
    lexicon: options.Lexicon = None,
    no_normalize: options.NoNormalize = False,
    no_mastering: Annotated[
        bool, typer.Option("--no-mastering", help="Leave the audio as the model made it.")
    ] = False,
    clean_pages: Annotated[
        bool, typer.Option("--clean-pages", help="Leave out page numbers and running heads.")
    ] = False,
    priority: Annotated[
        str | None,
        typer.Option(help="interactive or bulk; bulk jobs run after the others (default: interactive)."),
    ] = None,
    no_wait: Annotated[
        bool,
        typer.Option("--no-wait", help="Only queue the text with the running service, and print the job id."),
    ] = False,
    as_json: options.AsJson = False,
    url: options.UrlOrStart = None,
) -> None:
    """Speak a text and save the audio to a file."""
    from cli.client import SynthesisOptions
    from cli.commands.say import SayArguments
    from cli.commands.say import say as run
    from cli.commands.submit import submit

    synthesis = SynthesisOptions(
        voice_id=voice,
        speed=speed,
        style=style,
        language=language,
        format=audio_format,
        seed=seed,
        normalize=False if no_normalize else None,
        mastering=False if no_mastering else None,
        input_type=input_type,
        clean_pages=True if clean_pages else None,
        priority=priority,
    )
    arguments = SayArguments(text, output, synthesis, captions, lexicon, as_json, url)
    raise typer.Exit((submit if no_wait else run)(read_settings(), arguments))
