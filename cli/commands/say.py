"""`oratio say`: speak a text into a file, by a service that runs or by one that lives as long as the command."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cli.client import Choices, Client, Failed, Job
from cli.client.files import landing
from cli.commands.connect import INTERRUPTED, tell_waiting
from cli.commands.speech_input import BadText, read_lexicon, read_text
from cli.commands.temporary_service import borrowed
from cli.output.console import make_console, print_json
from cli.output.progress import speaking
from cli.output.target import BadOutput, captions_kind, choose
from cli.service.data_dir_lock import AlreadyRunning
from cli.service.discovery import NotFound
from cli.service.stack import StartFailed
from common.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; in `choices` None leaves it to the service."""

    text: str | None
    output: Path | None
    choices: Choices
    captions: Path | None
    lexicon: Path | None
    as_json: bool
    url: str | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What it comes to once it has been looked at."""

    text: str
    target: Path
    choices: Choices


def say(settings: Settings, asked: Asked) -> int:
    """The exit status."""
    errors = make_console(stderr=True)
    try:
        plan = _plan(asked, errors)
        voice = asked.choices.get("voice_id")
        with (
            borrowed(settings, url=asked.url, voice=voice, console=errors) as url,
            Client(url, on_wait=tell_waiting(errors)) as client,
        ):
            job = _speak(client, plan, errors)
            size_bytes = client.download(job.job_id, plan.target)
            if asked.captions:
                _write_captions(client, job.job_id, asked.captions)
    except (BadOutput, BadText) as error:
        errors.print(str(error))
        return 2
    except (Failed, NotFound, StartFailed, AlreadyRunning, OSError) as error:
        errors.print(str(error))
        return 1
    except KeyboardInterrupt:
        errors.print("Stopped.")
        return INTERRUPTED
    _show(job, plan.target, size_bytes, asked)
    return 0


def _plan(asked: Asked, errors: Console) -> _Plan:
    """Raises BadOutput and BadText, before anything has begun."""
    target, audio_format = choose(asked.output, asked.choices.get("format"))
    if asked.captions:
        captions_kind(asked.captions)
    choices = Choices(**asked.choices)
    choices["format"], choices["lexicon"] = audio_format, read_lexicon(asked.lexicon)
    return _Plan(read_text(asked.text, errors), target, choices)


def _speak(client: Client, plan: _Plan, errors: Console) -> Job:
    job = client.submit(plan.text, **plan.choices)
    told = _warn(job.warnings, errors)
    try:
        with speaking(errors) as show:
            job = client.finish(job.job_id, on_progress=show)
    except KeyboardInterrupt:
        with suppress(Failed):
            client.cancel(job.job_id)
        raise
    _warn(job.warnings, errors, told=told)
    return job


def _warn(warnings: Iterable[str], errors: Console, *, told: Sequence[str] = ()) -> Sequence[str]:
    """Told as soon as they are known: a job may wait for long."""
    for warning in (known := list(warnings)):
        if warning not in told:
            errors.print(f"Warning: {warning}")
    return known


def _write_captions(client: Client, job_id: str, target: Path) -> None:
    captions = client.captions(job_id, captions_kind(target))
    with landing(target) as file:
        file.write(captions.encode())


def _show(job: Job, target: Path, size_bytes: int, asked: Asked) -> None:
    if asked.as_json:
        captions = str(asked.captions) if asked.captions else None
        print_json({**job.raw, "file": str(target), "captions_file": captions})
        return
    kind = "a beep, not speech" if job.provider == "stub" else f"spoken by {job.voice_id}"
    console = make_console()
    console.print(f"{target}: {job.duration_s:.1f} s, {size_bytes:,} bytes, {kind}")
    if asked.captions:
        console.print(f"{asked.captions}: captions")
