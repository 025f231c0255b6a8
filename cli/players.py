"""Programs of this machine that play sound as it comes."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cli.wave_header import endless_header

# What the service says of its plain samples: mono, 16 bits.
SAMPLE_RATE_HZ = 24_000
_LEAVE_WITHIN_S = 2.0

Play = Callable[[bytes], None]


class PlayerFailed(Exception):
    """None is here, or it ended before the speech did."""


@dataclass(frozen=True, slots=True)
class Player:
    """`takes` is what is piped into it: samples with a header or without; or it plays a file when that is whole."""

    name: str
    options: tuple[str, ...]
    takes: Literal["wav", "pcm", "file"]


PLAYERS = (
    Player("ffplay", ("-nodisp", "-autoexit", "-loglevel", "error", "-fflags", "nobuffer", "-i", "-"), "wav"),
    Player("mpv", ("--no-terminal", "--no-video", "--cache=no", "-"), "wav"),
    Player("paplay", ("--raw", "--format=s16le", f"--rate={SAMPLE_RATE_HZ}", "--channels=1"), "pcm"),
    Player("aplay", ("-q", "-t", "raw", "-f", "S16_LE", "-r", str(SAMPLE_RATE_HZ), "-c", "1", "-"), "pcm"),
    Player("afplay", (), "file"),
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
def playing(player: Player) -> Iterator[Play]:
    """Takes samples. The block ends when the last of them was heard; at once when it is left by Ctrl-C."""
    if player.takes == "file":
        with _collecting(player) as play:
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
        if player.takes == "wav":
            pipe.write(endless_header(sample_rate_hz=SAMPLE_RATE_HZ))
        yield pipe.write
        pipe.finish()
    except Exception:
        # What was said before the speech broke off is heard.
        _end(process)
        raise
    except BaseException:
        process.terminate()
        raise
    finally:
        _end(process)


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
        _end(self._process)
        if self._process.returncode:
            raise self._failed()

    def _failed(self) -> PlayerFailed:
        code = self._process.wait(_LEAVE_WITHIN_S)
        return PlayerFailed(f"{self._player.name} ended before the speech did (exit code {code}).")


def _end(process: subprocess.Popen[bytes]) -> None:
    """It ends when it has played what it got."""
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    process.wait()


@contextmanager
def _collecting(player: Player) -> Iterator[Play]:
    """For a player that reads nothing but files: it begins at the end."""
    with tempfile.TemporaryDirectory(prefix="oratio-") as folder:
        path = Path(folder) / "speech.wav"
        samples = bytearray()
        yield samples.extend
        path.write_bytes(endless_header(sample_rate_hz=SAMPLE_RATE_HZ, size_bytes=len(samples)) + samples)
        played = subprocess.run([player.name, *player.options, str(path)], check=False)  # noqa: S603  # as above
        if code := played.returncode:
            raise PlayerFailed(f"{player.name} could not play the speech (exit code {code}).")
