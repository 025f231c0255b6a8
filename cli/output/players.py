"""Plays audio while it arrives, with a player program installed on this machine."""

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# Raw audio from the service is mono, 16-bit PCM at this rate.
SAMPLE_RATE_HZ = 24_000
_RATE = str(SAMPLE_RATE_HZ)
_EXIT_TIMEOUT_S = 2.0

WriteAudio = Callable[[bytes], None]


class PlayerFailed(Exception):
    """No player is installed, or it exited before the audio ended."""


@dataclass(frozen=True, slots=True)
class Player:
    """A player program. It reads raw samples from its standard input, or, with `by_file`, plays a WAV file."""

    name: str
    options: tuple[str, ...]
    by_file: bool = False


# The options name the format, because detecting it would need a second or more of audio. FFmpeg's `nobuffer` would lose
# some audio, so it is not used.
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
    """Return the first player that is installed. Raises PlayerFailed."""
    found = next((player for player in PLAYERS if shutil.which(player.name)), None)
    if found is None:
        raise PlayerFailed(
            f"No audio player found. Install one of {NAMES}, or write the audio to a file with -o."
        )
    return found


@contextmanager
def play(player: Player) -> Iterator[WriteAudio]:
    """Yield a function that plays samples.

    The block ends when all samples are played, or at once on Ctrl-C. Raises PlayerFailed.
    """
    if player.by_file:
        with _play_file(player) as play:
            yield play
        return
    process = subprocess.Popen(  # noqa: S603  # a player of the list above
        [player.name, *player.options],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        # Ctrl-C must reach only this process.
        start_new_session=True,
    )
    try:
        pipe = _Pipe(player, process)
        try:
            yield pipe.write
        except Exception:
            # Play what arrived before the error.
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
        assert self._process.stdin is not None  # noqa: S101  # stdin is a pipe
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
        return PlayerFailed(f"{self._player.name} exited before the audio ended (exit code {code}).")


def _drain(process: subprocess.Popen[bytes]) -> None:
    """Close the player's input and wait until it has played everything."""
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    process.wait()


def _terminate(process: subprocess.Popen[bytes]) -> None:
    """Stop the player at once if it still runs."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_EXIT_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
    _drain(process)


@contextmanager
def _play_file(player: Player) -> Iterator[WriteAudio]:
    """Collect all samples in a WAV file, and play it when the block ends."""
    with tempfile.TemporaryDirectory(prefix="oratio-") as folder:
        path = str(Path(folder) / "speech.wav")
        samples = bytearray()
        yield samples.extend
        with wave.open(path, "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
            file.writeframes(samples)
        played = subprocess.run([player.name, *player.options, path], check=False)  # noqa: S603  # as above
        if code := played.returncode:
            raise PlayerFailed(f"{player.name} could not play the audio (exit code {code}).")
