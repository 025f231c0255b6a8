"""Programs of this machine that play sound as it comes."""

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# What the service says of its plain samples: mono, 16 bits.
SAMPLE_RATE_HZ = 24_000
_RATE = str(SAMPLE_RATE_HZ)
_EXIT_TIMEOUT_S = 2.0

WriteAudio = Callable[[bytes], None]


class PlayerFailed(Exception):
    """None is here, or it ended before the speech did."""


@dataclass(frozen=True, slots=True)
class Player:
    """Samples are piped into it; or it plays files only."""

    name: str
    options: tuple[str, ...]
    by_file: bool = False


# All are told what they get, for finding out would take them a second or more of sound; FFmpeg's `nobuffer` loses some.
PLAYERS = (
    Player(
        "ffplay",
        ("-nodisp", "-autoexit", "-loglevel", "error", "-f", "s16le", "-sample_rate", _RATE, "-i", "-"),
    ),
    Player(
        "mpv",
        (
            "--no-terminal",
            "--no-video",
            "--demuxer=rawaudio",
            f"--demuxer-rawaudio-rate={_RATE}",
            "--demuxer-rawaudio-channels=1",
            "--demuxer-rawaudio-format=s16le",
            "-",
        ),
    ),
    Player("paplay", ("--raw", "--format=s16le", f"--rate={_RATE}", "--channels=1")),
    Player("aplay", ("-q", "-t", "raw", "-f", "S16_LE", "-r", _RATE, "-c", "1", "-")),
    Player("afplay", (), by_file=True),
)
NAMES = ", ".join(player.name for player in PLAYERS)


def find_player() -> Player:
    """The first of them that is installed. Raises PlayerFailed."""
    found = next((player for player in PLAYERS if shutil.which(player.name)), None)
    if found is None:
        raise PlayerFailed(
            f"Nothing here plays sound: install one of {NAMES}, or write the speech to a file with -o."
        )
    return found


@contextmanager
def play(player: Player) -> Iterator[WriteAudio]:
    """Takes samples. The block ends when the last of them was heard; at once when it is left by Ctrl-C."""
    if player.by_file:
        with _play_file(player) as play:
            yield play
        return
    process = subprocess.Popen(  # noqa: S603  # a line of the list above
        [player.name, *player.options],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        # Ctrl-C reaches only us.
        start_new_session=True,
    )
    try:
        pipe = _Pipe(player, process)
        try:
            yield pipe.write
        except Exception:
            # What was said before the speech broke off is heard.
            _drain(process)
            raise
        pipe.finish()
    finally:
        _terminate(process)


class _Pipe:
    def __init__(self, player: Player, process: subprocess.Popen[bytes]) -> None:
        self._player = player
        self._process = process

    def write(self, samples: bytes) -> None:
        """Raises PlayerFailed."""
        assert self._process.stdin is not None  # noqa: S101  # it was asked for
        try:
            self._process.stdin.write(samples)
            self._process.stdin.flush()
        except OSError:
            raise self._failed() from None

    def finish(self) -> None:
        """Raises PlayerFailed."""
        _drain(self._process)
        if self._process.returncode:
            raise self._failed()

    def _failed(self) -> PlayerFailed:
        code = self._process.wait(_EXIT_TIMEOUT_S)
        return PlayerFailed(f"{self._player.name} ended before the speech did (exit code {code}).")


def _drain(process: subprocess.Popen[bytes]) -> None:
    """It ends when it has played what it got."""
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    process.wait()


def _terminate(process: subprocess.Popen[bytes]) -> None:
    """Whatever it still has to play."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_EXIT_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
    _drain(process)


@contextmanager
def _play_file(player: Player) -> Iterator[WriteAudio]:
    """For a player that reads nothing but files: it begins at the end."""
    with tempfile.TemporaryDirectory(prefix="oratio-") as folder:
        path = str(Path(folder) / "speech.wav")
        samples = bytearray()
        yield samples.extend
        with wave.open(path, "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
            file.writeframes(samples)
        played = subprocess.run([player.name, *player.options, path], check=False)  # noqa: S603  # as above
        if code := played.returncode:
            raise PlayerFailed(f"{player.name} could not play the speech (exit code {code}).")
