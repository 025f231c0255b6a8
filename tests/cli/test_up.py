"""`oratio up` with real processes. Tests share a service, except those that stop it."""

import io
import os
import signal
import socket
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from cli.service.address_file import read_address
from common import __version__
from tests.support.command import Up, oratio, up
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("up")
    with up(folder / "data", root_path="/speech", frontend_dir=str(folder / "nowhere")) as running:
        yield running


def speak(url: str, text: str) -> bytes:
    with httpx.Client(base_url=url, timeout=60) as client:
        job = client.post("/synthesize", json={"text": text}).raise_for_status().json()
        assert job["status"] == "completed"
        assert job["provider"] == "local"
        return client.get(job["audio_url"]).raise_for_status().content


def test_the_service_synthesizes_speech(service: Up) -> None:
    with wave.open(io.BytesIO(speak(service.address.url, "Hello from one command."))) as audio:
        assert audio.getnframes() / audio.getframerate() > 0.5


def test_the_published_address_has_the_process_id(service: Up) -> None:
    assert service.address.pid == service.process.pid


def test_no_password_is_on_a_command_line(service: Up) -> None:
    password = (service.data_dir / "valkey" / "password").read_text()

    lines = [" ".join(child.cmdline()) for child in service.descendants()]

    # Valkey, gateway, beat, ops worker, worker and its engine process.
    assert len(lines) == 6
    assert not any(password in line for line in lines)


def test_migrate_check_fails_only_without_a_migrated_database(service: Up, tmp_path: Path) -> None:
    checked = oratio("migrate", "--check", folder=tmp_path, data_dir=str(service.data_dir))
    assert checked.returncode == 0, checked.stderr

    refused = oratio("migrate", "--check", folder=tmp_path)
    assert refused.returncode == 1
    assert "oratio migrate`" in refused.stderr


def test_doctor_reports_the_running_service_as_ready(service: Up, tmp_path: Path) -> None:
    examined = oratio("doctor", folder=tmp_path, data_dir=str(service.data_dir))

    assert examined.returncode == 0, examined.stdout
    (line,) = [line for line in examined.stdout.splitlines() if line.startswith("ok Service")]
    assert f"{service.address.url}, version {__version__}" in line
    assert line.endswith(", ready")


@pytest.mark.parametrize("same_port", [False, True])
def test_a_second_service_on_the_same_folder_is_refused(service: Up, tmp_path: Path, same_port: bool) -> None:
    port = service.address.url.rpartition(":")[2] if same_port else "0"
    second = oratio("up", "--port", port, "--data-dir", str(service.data_dir), folder=tmp_path)

    assert second.returncode == 1
    assert "Already running" in second.stderr
    assert service.address.url in second.stderr
    assert str(service.process.pid) in second.stderr


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("worker_models", "hibari,nope", "nope does not exist. Known models: hibari, kokoro, "),
        ("lexicon_file", "/nope.json", "/nope.json cannot be read: No such file or directory"),
        ("openai_voices", '{"alloy": "nope"}', "the voice 'nope' of 'alloy' does not exist. "),
    ],
)
def test_a_setting_that_names_nothing_is_refused_in_one_line(
    tmp_path: Path, name: str, value: str, message: str
) -> None:
    commands = [("up", "--port", "0"), ("say", "Hello.")]
    for command in (*commands, ("gateway",)) if name == "openai_voices" else commands:
        refused = oratio(*command, folder=tmp_path, **{name: value})
        assert refused.returncode == 2, command
        assert refused.stderr.startswith(f"ORATIO_{name.upper()}: {message}")
        assert refused.stderr.count("\n") == 1


def kill_worker(service: Up) -> None:
    """Kill the worker and wait until the supervisor has started another one."""
    worker = service.child("celery", "hibari.interactive")
    assert worker
    worker.kill()
    wait_for(lambda: (new := service.child("celery", "hibari.interactive")) and new.pid != worker.pid)


def test_a_killed_worker_is_restarted(service: Up) -> None:
    kill_worker(service)
    assert speak(service.address.url, "Hello again.")


def test_jobs_run_after_the_queue_server_was_killed(service: Up) -> None:
    server = service.child("valkey-server")
    assert server
    server.kill()

    wait_for(lambda: (new := service.child("valkey-server")) and new.pid != server.pid)
    assert speak(service.address.url, "Hello once more.")


def test_ctrl_c_stops_all_processes(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    with up(tmp_path / "data", root_path="/speech", frontend_dir=str(nowhere)) as service:
        kill_worker(service)
        children, url = service.descendants(), service.address.url
        service.process.send_signal(signal.SIGINT)

        output = service.process.communicate(timeout=20)[0]

    assert service.process.returncode == 0, output
    assert "worker-1 exited (SIGKILL). Restarting now. Log: " in output
    assert f"is running at {url} and, with ORATIO_ROOT_PATH, at {url}/speech\n" in output
    assert f"Studio     not found in ORATIO_FRONTEND_DIR={nowhere} (`make studio` builds it in " in output
    assert "Workers    1 x base with 1 engine process\n" in output
    assert "Models     hibari; 5 more to download, see " in output
    assert "Provider   auto: local models, otherwise a beep\n" in output
    assert output.rstrip().endswith("Stopped.")
    assert psutil.wait_procs(children, timeout=0)[1] == []
    assert read_address(service.data_dir) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_kill_leaves_no_child_and_loses_no_job(tmp_path: Path) -> None:
    with up(tmp_path / "data") as service:
        assert speak(service.address.url, "Remember this.")
        children = service.descendants()
        service.process.kill()
        service.process.wait()

    assert psutil.wait_procs(children, timeout=5)[1] == []
    with up(tmp_path / "data") as again, httpx.Client(base_url=again.address.url) as client:
        (job,) = client.get("/jobs").json()["items"]
        assert job["text"] == "Remember this."


def test_a_port_in_use_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = oratio("up", "--port", str(port), "--data-dir", "data", folder=tmp_path)

    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use" in refused.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_open_address_is_refused_unless_allowed(tmp_path: Path, host: str) -> None:
    refused = oratio("up", "--host", host, "--port", "0", folder=tmp_path)

    assert refused.returncode == 1
    assert "ORATIO_ALLOW_OPEN=1" in refused.stderr


def test_an_unusable_data_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    refused = oratio("up", "--port", "0", "--data-dir", "data", folder=tmp_path)

    assert refused.returncode == 1
    assert "Choose another folder with --data-dir" in refused.stderr


def test_an_invalid_setting_is_named(tmp_path: Path) -> None:
    refused = oratio("up", folder=tmp_path, lease_s="-1")

    assert refused.returncode == 2
    assert refused.stderr.startswith("ORATIO_LEASE_S: ")


def test_help_imports_no_heavy_modules(tmp_path: Path) -> None:
    listed = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cli.main", "--help"],
        cwd=tmp_path,
        env=os.environ | {"TERM": "dumb"},
        capture_output=True,
        text=True,
        check=True,
    )

    for heavy in ("pydantic", "sqlalchemy", "redis", "celery", "numpy", "httpx"):
        assert f" {heavy}\n" not in listed.stderr
    assert "doctor" in listed.stdout


def test_a_worker_with_an_unknown_model_is_refused(tmp_path: Path) -> None:
    refused = oratio("worker", "--models", "hibari,parrot", folder=tmp_path)

    assert refused.returncode == 2
    assert "not installed here: parrot" in refused.stderr
