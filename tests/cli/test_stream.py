"""`oratio stream` to files, pipes and players, with errors and early stops."""

import io
import json
import os
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from cli.client import Client
from cli.output.wave_header import fix_wav_sizes
from cli.service.stack import Stack
from common.messaging.audio_window import HEADER_BYTES
from tests.cli.test_jobs import RESTORE_SIGINT
from tests.support.command import ORATIO, environment, oratio
from tests.support.ports import free_port
from tests.support.scripted import event_stream, scripted_server
from tests.support.scripted_speech import DONE, ERROR, audio_delta, failing_stream
from tests.support.waiting import wait_for

TEXT = "Hello there. This is heard while it is being made."
# Takes longer than the delay after which an abandoned stream is cancelled.
LONG = f"[[slow:2]] {'Word ' * 50}and the end. " * 60
PLAYER = """#!{python}
import sys
sys.exit({code}) if {code} else None
with open("heard", "wb", buffering=0) as file:
    while chunk := sys.stdin.buffer.raw.read(65536):
        file.write(chunk)
with open("ended", "w") as file:
    file.write(" ".join(sys.argv[1:]))
"""


def install_player(folder: Path, name: str, *, code: int = 0) -> str:
    """Install a player that records its input, or exits at once if `code` is not 0. Return the PATH to use."""
    programs = folder / "programs"
    programs.mkdir()
    script = programs / name
    script.write_text(PLAYER.format(python=sys.executable, code=code))
    script.chmod(0o755)
    return str(programs)


@contextmanager
def run_stream(*arguments: str, folder: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `oratio stream` with a pipe as standard output."""
    with subprocess.Popen(
        [sys.executable, "-c", RESTORE_SIGINT, *ORATIO, "stream", *arguments],
        cwd=folder,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run_on_terminal(
    *arguments: str, folder: Path, path: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `oratio stream` with a terminal as standard output, so that it plays the audio."""
    master_fd, slave_fd = os.openpty()
    try:
        return subprocess.run(
            [*ORATIO, "stream", *arguments],
            cwd=folder,
            env=environment(**variables) | {"PATH": path},
            stdout=slave_fd,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(master_fd)
        os.close(slave_fd)


def seconds(wav: bytes) -> float:
    with wave.open(io.BytesIO(wav)) as audio:
        return len(audio.readframes(10**9)) / 2 / audio.getframerate()


# Outputs.


def test_the_header_of_a_streamed_file_has_the_final_length(stack: Stack, tmp_path: Path) -> None:
    result = oratio("stream", TEXT, "-o", "hello.wav", folder=tmp_path, url=stack.url)

    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr.startswith("hello.wav: ")
    with wave.open(str(tmp_path / "hello.wav")) as audio:
        samples, rate_hz = audio.getnframes(), audio.getframerate()
    assert 44 + 2 * samples == (tmp_path / "hello.wav").stat().st_size
    assert samples / rate_hz > 1
    assert [path.name for path in tmp_path.iterdir()] == ["hello.wav"]


def test_json_output_describes_the_stream(stack: Stack, tmp_path: Path) -> None:
    result = oratio("stream", TEXT, "-o", "hello.mp3", "--json", folder=tmp_path, url=stack.url)

    output = json.loads(result.stdout)
    assert (result.returncode, result.stderr, output["to"], output["format"]) == (0, "", "hello.mp3", "mp3")
    assert output["size_bytes"] == (tmp_path / "hello.mp3").stat().st_size
    with Client(stack.url) as client:
        assert client.job(output["job_id"]).status == "completed"


def test_a_pipe_gets_audio_before_the_job_ends(stack: Stack, tmp_path: Path) -> None:
    with (
        Client(stack.url) as client,
        run_stream(LONG, "--voice", "fake", folder=tmp_path, url=stack.url) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.read(4) == b"RIFF"
        (job,) = client.jobs(limit=1)
        assert (job.status, job.text) == ("running", LONG)
        client.delete(job.job_id)
        rest, errors = process.communicate(timeout=30)
    # An incomplete stream is an error.
    assert process.returncode == 1
    assert b"The audio ended early, after" in errors
    assert rest is not None


@pytest.mark.parametrize("player", ["ffplay", "mpv", "paplay", "aplay"])
def test_a_player_gets_all_audio(stack: Stack, tmp_path: Path, player: str) -> None:
    path = install_player(tmp_path, player)
    result = run_on_terminal(
        f"{TEXT} With {player}.", "--seed", "7", folder=tmp_path, path=path, url=stack.url
    )

    assert (result.returncode, result.stderr) == (0, "")
    assert "24000" in (tmp_path / "ended").read_text()
    with Client(stack.url) as client:
        (job,) = client.jobs(limit=1)
        assert (job.status, job.format) == ("completed", "pcm")
        client.download(job.job_id, tmp_path / "kept.pcm")
    received = (tmp_path / "heard").read_bytes()
    assert received == (tmp_path / "kept.pcm").read_bytes()
    assert len(received) / 48_000 > 1


def test_a_player_of_files_gets_a_complete_file(stack: Stack, tmp_path: Path) -> None:
    path = install_player(tmp_path, "afplay")
    (Path(path) / "afplay").write_text(
        f"#!{sys.executable}\nimport shutil, sys\nshutil.copy(sys.argv[1], 'heard')"
    )
    result = run_on_terminal(TEXT, folder=tmp_path, path=path, url=stack.url)

    assert (result.returncode, result.stderr) == (0, "")
    assert seconds((tmp_path / "heard").read_bytes()) > 1


# Errors and early stops.


@pytest.mark.parametrize("audio_format", ["pcm", "wav", "mp3"])
def test_a_stream_survives_a_gateway_crash(stack: Stack, tmp_path: Path, audio_format: str) -> None:
    text = f"[[slow:0.5]] {'Word ' * 50}and the end. " * 16
    with Client(stack.url) as client:
        with client.stream(text, voice_id="fake", format=audio_format, keep=True) as speech:
            chunks = iter(speech)
            received = next(chunks)
            os.kill(stack.pids()["gateway"], signal.SIGKILL)
            received += b"".join(chunks)
        job = client.result(speech.job_id)
        client.download(speech.job_id, tmp_path / "kept")
    kept = (tmp_path / "kept").read_bytes()
    # The headers of WAV and MP3 differ, because they hold the length, which was unknown while streaming.
    assert (len(received), received[HEADER_BYTES:]) == (job.size_bytes, kept[HEADER_BYTES:])


def test_without_a_player_the_error_says_what_to_do(tmp_path: Path) -> None:
    result = run_on_terminal(TEXT, folder=tmp_path, path=str(tmp_path), port=str(free_port()))
    assert result.returncode == 1
    assert "ffplay" in result.stderr
    assert "-o" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_player_that_exits_early_is_reported(stack: Stack, tmp_path: Path) -> None:
    path = install_player(tmp_path, "mpv", code=3)
    result = run_on_terminal(TEXT, folder=tmp_path, path=path, url=stack.url)
    assert (result.returncode, result.stderr) == (1, "mpv exited before the audio ended (exit code 3).\n")


def test_a_broken_stream_leaves_no_file(tmp_path: Path) -> None:
    with scripted_server(
        failing_stream(event_stream(audio_delta("1-4", b"RIFF"), ERROR, x_oratio_job_id="j"))
    ) as script:
        result = oratio("stream", TEXT, "-o", "hello.wav", folder=tmp_path, url=script.url)
    assert result.returncode == 1
    assert result.stderr == "The audio ended early, after 4 bytes. Broken. (engine_failed)\n"
    assert list(tmp_path.iterdir()) == []


def test_a_player_gets_the_audio_before_an_error(tmp_path: Path) -> None:
    path = install_player(tmp_path, "aplay")
    with scripted_server(
        failing_stream(event_stream(audio_delta("1-4", b"abcd"), ERROR, x_oratio_job_id="j"))
    ) as script:
        result = run_on_terminal(TEXT, folder=tmp_path, path=path, url=script.url)
    assert result.returncode == 1
    assert "(engine_failed)" in result.stderr
    assert (tmp_path / "heard").read_bytes() == b"abcd"
    assert (tmp_path / "ended").exists()


def test_ctrl_c_stops_the_player_at_once(tmp_path: Path) -> None:
    path = install_player(tmp_path, "ffplay")
    idle = "import os, time\nopen('pid', 'w').write(f'{os.getpid()}')\ntime.sleep(60)"
    (Path(path) / "ffplay").write_text(f"#!{sys.executable}\n{idle}")
    master_fd, slave_fd = os.openpty()
    stream = event_stream(audio_delta("1-4", bytes(1_000_000)), DONE, x_oratio_job_id="j")
    with (
        scripted_server(failing_stream(stream)) as script,
        subprocess.Popen(
            [sys.executable, "-c", RESTORE_SIGINT, *ORATIO, "stream", TEXT],
            cwd=tmp_path,
            env=environment(url=script.url) | {"PATH": path},
            stdout=slave_fd,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        pid = int(wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=10)
    os.close(master_fd)
    os.close(slave_fd)
    assert (process.returncode, errors) == (130, "Stopped.\n")
    assert not psutil.pid_exists(pid)


def test_a_closed_pipe_is_not_reported(tmp_path: Path) -> None:
    speech = bytes(100_000)
    script_of = failing_stream(
        event_stream(*[audio_delta(f"1-{n}", speech) for n in range(20)], DONE, x_oratio_job_id="j")
    )
    with (
        scripted_server(script_of) as script,
        run_stream(TEXT, folder=tmp_path, url=script.url) as process,
    ):
        assert process.stdout is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()
        process.wait(30)
    assert (process.returncode, errors) == (1, b"")


@pytest.mark.parametrize(
    "arguments", [["-o", "-", "--json"], ["-o", "a.txt"], ["--format", "au"], ["-o", "nowhere/a.wav"]]
)
def test_invalid_outputs_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    result = oratio("stream", TEXT, *arguments, folder=tmp_path, port="1")
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)


def test_ctrl_c_cancels_the_job_after_a_delay(stack: Stack, tmp_path: Path) -> None:
    with (
        Client(stack.url) as client,
        run_stream(LONG, "--voice", "fake", folder=tmp_path, url=stack.url) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.read(4) == b"RIFF"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (130, b"Stopped.\n")
        (job,) = client.jobs(limit=1)
        assert job.status == "running"
        # Not at once, because the client may reconnect.
        wait_for(lambda: client.job(job.job_id).status == "cancelled", interval_s=0.5)


# The WAV header.


def test_only_wav_headers_are_corrected() -> None:
    whole = io.BytesIO()
    with wave.open(whole, "wb") as audio:
        audio.setparams((1, 2, 24_000, 0, "NONE", ""))
        audio.writeframes(bytes(480))
    head = whole.getvalue()[:44]
    endless = head[:4] + b"\xff" * 4 + head[8:40] + b"\xff" * 4
    wav = io.BytesIO(endless + bytes(480))
    fix_wav_sizes(wav)
    assert wav.getvalue() == whole.getvalue()
    for other in (b"", b"ID3 and more", b"RIFF", b"RIFF....WAVEjunk"):
        kept = io.BytesIO(other)
        fix_wav_sizes(kept)
        assert kept.getvalue() == other
