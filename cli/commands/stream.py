"""`oratio stream`: plays or writes speech while it is synthesized."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cli.client import Client, ClientError, SpeechStream, SynthesisOptions
from cli.client.files import atomic_write
from cli.commands.connect import INTERRUPTED, report_waits
from cli.commands.speech_input import InvalidInput, read_lexicon, read_text
from cli.commands.temporary_service import find_or_start_service
from cli.output.console import make_console, print_json
from cli.output.players import Player, PlayerFailed, find_player, play
from cli.output.target import InvalidOutput, check_format, choose_target
from cli.output.wave_header import fix_wav_sizes
from cli.program_name import with_program_name
from cli.service.data_dir_lock import AlreadyRunning
from cli.service.discovery import ServiceNotFound
from cli.service.stack import StartFailed
from common.settings import Settings

STDOUT = Path("-")

Write = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class StreamArguments:
    """The arguments of the command. With `keep`, the job finishes even if the command stops."""

    text: str | None
    output: Path | None
    options: SynthesisOptions
    lexicon: Path | None
    keep: bool
    as_json: bool
    url: str | None


@dataclass(frozen=True, slots=True)
class _AudioOutput:
    """Where the audio goes. `target` is None for standard output."""

    target: Path | Player | None
    format: str

    @property
    def name(self) -> str:
        return self.target.name if isinstance(self.target, Player) else str(self.target or STDOUT)

    def open(self) -> AbstractContextManager[Write]:
        if isinstance(self.target, Player):
            return play(self.target)
        return _standard_output() if self.target is None else _file_output(self.target, self.format)


@dataclass(frozen=True, slots=True)
class _StreamResult:
    job_id: str
    size_bytes: int
    first_audio_s: float


def stream(settings: Settings, arguments: StreamArguments) -> int:
    """Return the exit status."""
    errors = make_console(stderr=True)
    try:
        output = _choose_output(arguments)
        text, lexicon = read_text(arguments.text, errors, command="stream"), read_lexicon(arguments.lexicon)
        options = SynthesisOptions(**arguments.options)
        options["format"], options["lexicon"] = output.format, lexicon
        voice = options.get("voice_id")
        with (
            find_or_start_service(settings, url=arguments.url, voice=voice, console=errors) as url,
            Client(url, on_wait=report_waits(errors)) as client,
        ):
            result = _play_stream(client, text, options, output, keep=arguments.keep)
            # Before a temporary service stops, which takes seconds.
            for warning in _warnings(client, result):
                errors.print(f"Warning: {warning}")
            _show(result, output, errors, as_json=arguments.as_json)
    except (InvalidOutput, InvalidInput) as error:
        errors.print(str(error))
        return 2
    except BrokenPipeError:
        # The reader of the pipe has closed it.
        _close_stdout()
        return 1
    except (ClientError, ServiceNotFound, StartFailed, AlreadyRunning, PlayerFailed, OSError) as error:
        errors.print(with_program_name(str(error)))
        return 1
    except KeyboardInterrupt:
        errors.print("Stopped.")
        return INTERRUPTED
    return 0


def _choose_output(arguments: StreamArguments) -> _AudioOutput:
    """Raises InvalidOutput and PlayerFailed."""
    audio_format = check_format(arguments.options.get("format"))
    piped = arguments.output == STDOUT or (arguments.output is None and not sys.stdout.isatty())
    if piped and arguments.as_json:
        raise InvalidOutput(
            "Standard output cannot take both the audio and --json. Write the audio to a file with -o."
        )
    if piped:
        return _AudioOutput(None, audio_format or "wav")
    if arguments.output is not None:
        return _AudioOutput(*choose_target(arguments.output, audio_format))
    if audio_format:
        raise InvalidOutput("--format has no effect on playback. Use it with -o or a pipe.")
    return _AudioOutput(find_player(), "pcm")


def _play_stream(
    client: Client, text: str, options: SynthesisOptions, output: _AudioOutput, *, keep: bool
) -> _StreamResult:
    started_at = time.monotonic()
    with client.stream(text, keep=keep, **options) as speech, output.open() as write:
        first_audio_s = _copy_audio(speech, write, started_at)
    return _StreamResult(speech.job_id, speech.size_bytes, first_audio_s)


def _warnings(client: Client, result: _StreamResult) -> Sequence[str]:
    """Return the warnings of the job, for example that the audio is only a beep."""
    try:
        return client.job(result.job_id).warnings if result.job_id else ()
    except ClientError:  # the job was deleted after it was streamed
        return ()


def _copy_audio(speech: SpeechStream, write: Write, started_at: float) -> float:
    """Write all audio; return the seconds from `started_at` to the first chunk."""
    first_audio_s = 0.0
    for chunk in speech:
        first_audio_s = first_audio_s or time.monotonic() - started_at
        write(chunk)
    return first_audio_s


@contextmanager
def _standard_output() -> Iterator[Write]:
    def write(chunk: bytes) -> None:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()

    yield write


@contextmanager
def _file_output(target: Path, audio_format: str) -> Iterator[Write]:
    with atomic_write(target) as file:
        yield file.write
        if audio_format == "wav" and file.seekable():
            fix_wav_sizes(file)


def _close_stdout() -> None:
    """Close standard output, so that the interpreter does not report the closed pipe when it exits."""
    with suppress(OSError):
        sys.stdout.close()


def _show(result: _StreamResult, output: _AudioOutput, errors: Console, *, as_json: bool) -> None:
    if as_json:
        summary = {
            "job_id": result.job_id,
            "to": output.name,
            "format": output.format,
            "size_bytes": result.size_bytes,
        }
        print_json(summary | {"first_sound_ms": round(result.first_audio_s * 1000, 1)})
    elif isinstance(output.target, Path):
        errors.print(
            f"{output.name}: {result.size_bytes:,} bytes, first audio after {result.first_audio_s:.2f} s"
        )
