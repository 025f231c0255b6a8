"""`oratio say`: speaks a text and saves the audio, with the running service or a temporary one."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cli.client import Client, ClientError, Job, SynthesisOptions
from cli.client.client import Captions
from cli.client.files import atomic_write
from cli.commands.connect import INTERRUPTED, report_waits
from cli.commands.speech_input import InvalidInput, read_lexicon, read_text
from cli.commands.temporary_service import find_or_start_service
from cli.output.console import make_console, print_json
from cli.output.progress import job_progress
from cli.output.target import InvalidOutput, captions_target, choose_target
from cli.program_name import with_program_name
from cli.service.data_dir_lock import AlreadyRunning
from cli.service.discovery import ServiceNotFound
from cli.service.stack import StartFailed
from common.settings import Settings


@dataclass(frozen=True, slots=True)
class SayArguments:
    """The arguments of the command. Where an option is None, the service chooses its value."""

    text: str | None
    output: Path | None
    options: SynthesisOptions
    captions: Path | None
    lexicon: Path | None
    as_json: bool
    url: str | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The checked arguments."""

    text: str
    target: Path
    options: SynthesisOptions
    captions: tuple[Path, Captions] | None


def say(settings: Settings, arguments: SayArguments) -> int:
    """Return the exit status."""
    errors = make_console(stderr=True)
    try:
        plan = _plan(arguments, errors)
        voice = arguments.options.get("voice_id")
        with (
            find_or_start_service(settings, url=arguments.url, voice=voice, console=errors) as url,
            Client(url, on_wait=report_waits(errors)) as client,
        ):
            job = _speak(client, plan, errors)
            size_bytes = client.download(job.job_id, plan.target)
            if plan.captions:
                write_captions(client, job.job_id, *plan.captions)
            # Before a temporary service stops, which takes seconds.
            _show(job, plan, size_bytes, as_json=arguments.as_json)
    except (InvalidOutput, InvalidInput) as error:
        errors.print(str(error))
        return 2
    except (ClientError, ServiceNotFound, StartFailed, AlreadyRunning, OSError) as error:
        errors.print(with_program_name(str(error)))
        return 1
    except KeyboardInterrupt:
        errors.print("Stopped.")
        return INTERRUPTED
    return 0


def _plan(arguments: SayArguments, errors: Console) -> _Plan:
    """Check the arguments and read the text. Raises InvalidOutput and InvalidInput."""
    target, audio_format = choose_target(arguments.output, arguments.options.get("format"))
    captions = captions_target(arguments.captions, audio=target) if arguments.captions else None
    options = SynthesisOptions(**arguments.options)
    options["format"], options["lexicon"] = audio_format, read_lexicon(arguments.lexicon)
    return _Plan(read_text(arguments.text, errors, command="say"), target, options, captions)


def _speak(client: Client, plan: _Plan, errors: Console) -> Job:
    job = client.submit(plan.text, **plan.options)
    shown = _warn(job.warnings, errors)
    try:
        with job_progress(errors) as show:
            job = client.result(job.job_id, on_progress=show)
    except KeyboardInterrupt:
        with suppress(ClientError):
            client.cancel(job.job_id)
        raise
    _warn(job.warnings, errors, shown=shown)
    return job


def _warn(warnings: Iterable[str], errors: Console, *, shown: Sequence[str] = ()) -> Sequence[str]:
    """Print the warnings that are not in `shown`, and return all of them.

    The caller prints them before the job runs and again after it, because a job may wait for a long time.
    """
    for warning in (known := list(warnings)):
        if warning not in shown:
            errors.print(f"Warning: {warning}")
    return known


def write_captions(client: Client, job_id: str, target: Path, kind: Captions) -> None:
    captions = client.captions(job_id, kind)
    with atomic_write(target) as file:
        file.write(captions.encode())


def _show(job: Job, plan: _Plan, size_bytes: int, *, as_json: bool) -> None:
    captions_file = plan.captions[0] if plan.captions else None
    if as_json:
        shown = str(captions_file) if captions_file else None
        print_json({**job.raw, "file": str(plan.target), "captions_file": shown})
        return
    kind = "a beep, not speech" if job.provider == "stub" else f"spoken by {job.voice_id}"
    console = make_console()
    console.print(f"{plan.target}: {job.duration_s:.1f} s, {size_bytes:,} bytes, {kind}")
    if captions_file:
        console.print(f"captions in {captions_file}")
