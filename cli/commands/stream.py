"""`oratio stream`: speech that is heard while it is made, by a player, a pipe or a file."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cli.client import Choices, Client, Failed, SpeechStream
from cli.client.files import landing
from cli.commands.connect import INTERRUPTED, tell_waiting
from cli.commands.speech_input import BadText, read_lexicon, read_text
from cli.commands.temporary_service import borrowed
from cli.output.console import make_console, print_json
from cli.output.players import Player, PlayerFailed, find_player, playing
from cli.output.target import BadOutput, checked_format, choose
from cli.output.wave_header import mend
from cli.service.data_dir_lock import AlreadyRunning
from cli.service.discovery import NotFound
from cli.service.stack import StartFailed
from common.settings import Settings

STDOUT = Path("-")

Write = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Asked:
    """`keep`: the job goes on when nobody listens."""

    text: str | None
    output: Path | None
    choices: Choices
    lexicon: Path | None
    keep: bool
    as_json: bool
    url: str | None


@dataclass(frozen=True, slots=True)
class _Ear:
    """Where the sound goes; `target` is None for standard output."""

    target: Path | Player | None
    format: str

    @property
    def name(self) -> str:
        return self.target.name if isinstance(self.target, Player) else str(self.target or STDOUT)

    def opened(self) -> AbstractContextManager[Write]:
        if isinstance(self.target, Player):
            return playing(self.target)
        return _standard_output() if self.target is None else _into(self.target, self.format)


@dataclass(frozen=True, slots=True)
class _Heard:
    job_id: str
    size_bytes: int
    first_sound_s: float


def stream(settings: Settings, asked: Asked) -> int:
    """The exit status."""
    errors = make_console(stderr=True)
    try:
        ear = _ear(asked)
        text, lexicon = read_text(asked.text, errors), read_lexicon(asked.lexicon)
        choices = Choices(**asked.choices)
        choices["format"], choices["lexicon"] = ear.format, lexicon
        voice = choices.get("voice_id")
        with (
            borrowed(settings, url=asked.url, voice=voice, console=errors) as url,
            Client(url, on_wait=tell_waiting(errors)) as client,
        ):
            heard = _listen(client, text, choices, ear, keep=asked.keep)
            warnings = _warnings(client, heard)
    except (BadOutput, BadText) as error:
        errors.print(str(error))
        return 2
    except BrokenPipeError:
        # Whoever reads has enough.
        _forget_output()
        return 1
    except (Failed, NotFound, StartFailed, AlreadyRunning, PlayerFailed, OSError) as error:
        errors.print(str(error))
        return 1
    except KeyboardInterrupt:
        errors.print("Stopped.")
        return INTERRUPTED
    for warning in warnings:
        errors.print(f"Warning: {warning}")
    _show(heard, ear, errors, as_json=asked.as_json)
    return 0


def _ear(asked: Asked) -> _Ear:
    """Raises BadOutput and PlayerFailed."""
    audio_format = checked_format(asked.choices.get("format"))
    piped = asked.output == STDOUT or (asked.output is None and not sys.stdout.isatty())
    if piped and asked.as_json:
        raise BadOutput("Standard output takes the sound or --json, not both: name a file with -o.")
    if piped:
        return _Ear(None, audio_format or "wav")
    if asked.output is not None:
        return _Ear(*choose(asked.output, audio_format))
    if audio_format:
        raise BadOutput("--format is for a file or a pipe; what is played here needs none.")
    return _Ear(find_player(), "pcm")


def _listen(client: Client, text: str, choices: Choices, ear: _Ear, *, keep: bool) -> _Heard:
    asked_at = time.monotonic()
    with client.stream(text, keep=keep, **choices) as sound, ear.opened() as write:
        first_s = _pass_on(sound, write, asked_at)
    return _Heard(sound.job_id, sound.size_bytes, first_s)


def _warnings(client: Client, heard: _Heard) -> Sequence[str]:
    """The sound alone does not say that it is only a beep."""
    try:
        return client.job(heard.job_id).warnings if heard.job_id else ()
    except Failed:  # deleted meanwhile: it was heard
        return ()


def _pass_on(sound: SpeechStream, write: Write, asked_at: float) -> float:
    """When the first sound came, in seconds."""
    first_s = 0.0
    for chunk in sound:
        first_s = first_s or time.monotonic() - asked_at
        write(chunk)
    return first_s


@contextmanager
def _standard_output() -> Iterator[Write]:
    def write(chunk: bytes) -> None:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()

    yield write


@contextmanager
def _into(target: Path, audio_format: str) -> Iterator[Write]:
    with landing(target) as file:
        yield file.write
        if audio_format == "wav" and file.seekable():
            mend(file)


def _forget_output() -> None:
    """So that the interpreter does not stumble over the closed pipe at its end."""
    with suppress(OSError):
        sys.stdout.close()


def _show(heard: _Heard, ear: _Ear, errors: Console, *, as_json: bool) -> None:
    if as_json:
        said = {"job_id": heard.job_id, "to": ear.name, "format": ear.format, "size_bytes": heard.size_bytes}
        print_json(said | {"first_sound_ms": round(heard.first_sound_s * 1000, 1)})
    elif isinstance(ear.target, Path):
        errors.print(
            f"{ear.name}: {heard.size_bytes:,} bytes, the first of them after {heard.first_sound_s:.2f} s"
        )
