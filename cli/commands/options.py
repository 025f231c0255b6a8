"""Options that many commands have, worded and completed alike."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands import completion

Url = Annotated[str | None, typer.Option(envvar="ORATIO_URL", help="The service; else one is found.")]
UrlOrStart = Annotated[
    str | None, typer.Option(envvar="ORATIO_URL", help="The service; else one is found, or started.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")]
JobId = Annotated[str, typer.Argument(help="The job's id.", autocompletion=completion.job_ids)]
JobIds = Annotated[
    list[str], typer.Argument(help="Ids of jobs.", show_default=False, autocompletion=completion.job_ids)
]
RecordingId = Annotated[
    str, typer.Argument(help="The id of its job.", autocompletion=completion.recording_ids)
]
RecordingIds = Annotated[
    list[str],
    typer.Argument(help="Ids of jobs.", show_default=False, autocompletion=completion.recording_ids),
]
Text = Annotated[
    str | None, typer.Argument(help="What to say; with '-' or nothing, standard input.", show_default=False)
]
Voice = Annotated[
    str | None,
    typer.Option(help="One of `oratio voices`.", autocompletion=completion.voice_ids),
]
Speed = Annotated[float | None, typer.Option(help="1 is as the voice speaks.")]
Style = Annotated[str | None, typer.Option(help="How to say it, for voices that take a style.")]
Language = Annotated[str | None, typer.Option(help="The text's, as en or pt-BR; else found out.")]
Format = Annotated[
    str | None,
    typer.Option("--format", help="wav, flac, mp3, opus, aac, pcm.", autocompletion=completion.formats),
]
Seed = Annotated[int | None, typer.Option(help="The same seed gives the same speech.")]
Lexicon = Annotated[
    Path | None, typer.Option(help='How words are said: a JSON object, such as {"GIF": "jiff"}.')
]
NoNormalize = Annotated[
    bool, typer.Option("--no-normalize", help="Leave numbers, dates and signs as they stand.")
]
