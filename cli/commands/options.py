"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands import completion

Url = Annotated[
    str | None, typer.Option(envvar="ORATIO_URL", help="URL of the service (default: the one running here).")
]
UrlOrStart = Annotated[
    str | None,
    typer.Option(
        envvar="ORATIO_URL", help="URL of the service (default: the one running here, or a temporary one)."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Captions = Annotated[
    Path | None,
    typer.Option(
        help="Also write captions to this .srt, .vtt, .json or .ass file, or beside the audio: --captions srt."
    ),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Maximum number to list.")]
JobId = Annotated[str, typer.Argument(help="Job id.", autocompletion=completion.job_ids)]
JobIds = Annotated[
    list[str], typer.Argument(help="Job ids.", show_default=False, autocompletion=completion.job_ids)
]
RecordingId = Annotated[
    str, typer.Argument(help="Job id of the recording.", autocompletion=completion.recording_ids)
]
RecordingIds = Annotated[
    list[str],
    typer.Argument(help="Job ids.", show_default=False, autocompletion=completion.recording_ids),
]
Text = Annotated[
    str | None,
    typer.Argument(help="Text to speak; standard input if it is '-' or missing.", show_default=False),
]
Voice = Annotated[
    str | None,
    typer.Option(help="Voice id; `oratio voices` lists them.", autocompletion=completion.voice_ids),
]
Speed = Annotated[float | None, typer.Option(help="Speed; 1 is normal, 2 is twice as fast.")]
Style = Annotated[str | None, typer.Option(help="Style instructions, for voices that support them.")]
Language = Annotated[
    str | None, typer.Option(help="Language of the text, for example en or pt-BR (default: detected).")
]
Format = Annotated[
    str | None,
    typer.Option("--format", help="wav, flac, mp3, opus, aac or pcm.", autocompletion=completion.formats),
]
Seed = Annotated[int | None, typer.Option(help="Random seed; the same seed gives the same audio.")]
Lexicon = Annotated[
    Path | None, typer.Option(help='JSON file of pronunciations, for example {"GIF": "jiff"}.')
]
NoNormalize = Annotated[
    bool, typer.Option("--no-normalize", help="Do not expand numbers, dates and symbols into words.")
]
