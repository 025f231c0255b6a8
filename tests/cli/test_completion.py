"""Shell completion is fast and prints no errors."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import environment
from tests.support.ports import free_port
from tests.support.scripted import ScriptedResponse, ScriptedServer, json_response, scripted_server

# The name of the program is part of the variable that the shell function sets.
ORATIO = Path(sys.executable).with_name("oratio")

JOBS = [
    {"job_id": "0199-a", "status": "completed", "text": "Hello\nthere."},
    {"job_id": "0199-b", "status": "failed", "text": "Bye."},
    {"job_id": "0200-c", "status": "queued", "text": "."},
]
VOICES = [
    {"id": "hibari_heart", "name": "Heart", "languages": ["en-US"]},
    {"id": "hibari_emma", "name": "Emma", "languages": ["en-GB"]},
    {"id": "af_sky", "name": "Sky", "languages": ["en-US"]},
]


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedServer]:
    answers = {
        "GET /jobs": [json_response({"items": JOBS})],
        "GET /history": [json_response({"items": [{"job_id": "0199-a", "title": "Hello"}]})],
        "GET /voices": [json_response({"voices": VOICES})],
    }
    with scripted_server(answers) as script:
        yield script


def complete(line: str, *, folder: Path, shell: str = "bash", **settings: str) -> list[str]:
    """Return the suggestions at the end of the line."""
    words = line.split(" ")
    variables = {
        "_ORATIO_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
    }
    done = subprocess.run(
        [ORATIO],
        cwd=folder,
        env=environment(**settings) | variables,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("oratio say --voice hib", ["hibari_heart", "hibari_emma"]),
        ("oratio jobs --voice af", ["af_sky"]),
        ("oratio jobs show 0199", ["0199-a", "0199-b"]),
        ("oratio jobs cancel 0199-a 02", ["0200-c"]),
        ("oratio history get ", ["0199-a"]),
        ("oratio export 0", ["0199-a"]),
        ("oratio stream --format o", ["opus"]),
        ("oratio jobs c", ["cancel"]),
        ("oratio jobs --status f", ["failed"]),
    ],
)
def test_ids_come_from_the_service(
    service: ScriptedServer, tmp_path: Path, line: str, expected: list[str]
) -> None:
    assert complete(line, folder=tmp_path, url=service.url) == expected


def test_the_url_option_takes_precedence_over_the_environment(
    service: ScriptedServer, tmp_path: Path
) -> None:
    line = f"oratio jobs show --url {service.url} 02"
    assert complete(line, folder=tmp_path, url=f"http://127.0.0.1:{free_port()}") == ["0200-c"]


def test_zsh_gets_descriptions_of_jobs(service: ScriptedServer, tmp_path: Path) -> None:
    result = "\n".join(complete("oratio jobs show 0199", folder=tmp_path, shell="zsh", url=service.url))
    assert "completed: Hello there." in result.replace("\\", "")


def test_without_a_service_there_are_no_suggestions(tmp_path: Path) -> None:
    assert complete("oratio say --voice ", folder=tmp_path, port=str(free_port())) == []


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"voices": [{}]}', b'{"voices": 1}'])
def test_an_invalid_response_gives_no_suggestions(tmp_path: Path, body: bytes) -> None:
    with scripted_server({"GET /voices": [ScriptedResponse(200, body)]}) as script:
        assert complete("oratio say --voice ", folder=tmp_path, url=script.url) == []


def test_invalid_settings_give_no_suggestions(tmp_path: Path) -> None:
    assert complete("oratio say --voice ", folder=tmp_path, port="many") == []


def test_a_silent_service_does_not_delay_completion(tmp_path: Path) -> None:
    def took_s(line: str, **settings: str) -> float:
        began = time.monotonic()
        assert complete(line, folder=tmp_path, **settings) == []
        return time.monotonic() - began

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        start_s = took_s("oratio say --format zzz", url=url)
        assert took_s("oratio say --voice ", url=url) < start_s + 2.0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_installed(tmp_path: Path, shell: str) -> None:
    done = subprocess.run(
        [ORATIO, "--show-completion", shell],
        env=environment() | {"SHELL": f"/bin/{shell}", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "_ORATIO_COMPLETE" in done.stdout


def test_the_command_line_imports_no_heavy_modules(tmp_path: Path) -> None:
    heavy = {"httpx", "pydantic", "sqlalchemy", "fastapi", "numpy", "celery", "redis"}
    code = "import sys, cli.main; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert not heavy & set(done.stdout.split())
