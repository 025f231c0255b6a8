"""`oratio say`: speak a text into a file, by a service that runs or by one that lives as long as the command."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.claim import AlreadyRunning
from cli.client import Client, Failed, Job
from cli.console import make_console
from cli.finding import NotFound
from cli.output import BadOutput, choose
from cli.service import borrowed
from cli.stack import StartFailed
from common.settings import Settings

INTERRUPTED = 130


class BadText(Exception):
    """Nothing to speak, or bytes that are not UTF-8."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; None leaves the choice to the service."""

    text: str | None
    output: Path | None
    voice: str | None
    speed: float | None
    style: str | None
    language: str | None
    format: str | None
    seed: int | None
    url: str | None


def say(settings: Settings, asked: Asked) -> int:
    """The exit status."""
    errors = make_console(stderr=True)
    try:
        target, audio_format = choose(asked.output, asked.format)
        text = _text(asked.text, errors)
        with (
            borrowed(settings, url=asked.url, voice=asked.voice, console=errors) as url,
            closing(Client(url)) as client,
        ):
            job = _speak(client, _body(asked, text, audio_format), errors)
            size_bytes = client.download(job["job_id"], target)
    except (BadOutput, BadText) as error:
        errors.print(str(error))
        return 2
    except (Failed, NotFound, StartFailed, AlreadyRunning, OSError) as error:
        errors.print(str(error))
        return 1
    except httpx.TransportError as error:
        errors.print(f"The service went away: {error}")
        return 1
    except KeyboardInterrupt:
        errors.print("Stopped.")
        return INTERRUPTED
    _show(job, target, size_bytes)
    return 0


def _body(asked: Asked, text: str, audio_format: str) -> Job:
    given = {
        "voice_id": asked.voice,
        "speed": asked.speed,
        "style": asked.style,
        "language": asked.language,
        "seed": asked.seed,
    }
    return {"text": text, "format": audio_format} | {k: v for k, v in given.items() if v is not None}


def _text(given: str | None, errors: Console) -> str:
    if given is not None and given != "-":
        text = given
    else:
        if sys.stdin.isatty():
            errors.print("Type what to say; Ctrl-D ends it.")
        text = sys.stdin.buffer.read().decode("utf-8", errors="surrogateescape")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadText("The text is not UTF-8.") from None
    if not text.strip():
        raise BadText("There is nothing to say: the text is empty.")
    return text


def _speak(client: Client, body: Job, errors: Console) -> Job:
    job = client.submit(body)
    job_id, told = job["job_id"], _warn(job, errors)
    try:
        with _bar(errors) as progress:
            task = progress.add_task("Speaking", total=None)
            job = client.finish(
                job_id,
                on_progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    except KeyboardInterrupt:
        with suppress(Failed, httpx.TransportError):
            client.cancel(job_id)
        raise
    _warn(job, errors, told=told)
    return job


def _warn(job: Job, errors: Console, *, told: Sequence[str] = ()) -> list[str]:
    """What it warns of, told as soon as it is known: a job may wait for long."""
    warnings = list(job.get("warnings") or ())
    for warning in warnings:
        if warning not in told:
            errors.print(f"Warning: {warning}")
    return warnings


@contextmanager
def _bar(errors: Console) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        yield progress


def _show(job: Job, target: Path, size_bytes: int) -> None:
    kind = "a beep, not speech" if job.get("provider") == "stub" else f"spoken by {job['voice_id']}"
    make_console().print(f"{target}: {job['duration_s']:.1f} s, {size_bytes:,} bytes, {kind}")
