"""Downloads from a fake hub into the models folder, through the API, the command and the script."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.catalogue import find_weights
from common.db.database import Database, clock
from common.db.tables import Download
from common.downloads import STALLED_S
from common.settings import Settings
from tests.api.test_events import parse
from tests.support.command import ORATIO, environment, oratio
from tests.support.fake_hub import FakeHub, Fault
from tests.support.fake_repositories import make_repositories
from tests.support.waiting import wait_for
from worker.host.models_folder import check_presence

SCRIPT = Path(__file__).parents[2] / "scripts" / "download_models.py"
HUB_WEIGHTS = ("speecht5", "mms_eng", "mms_fra", "mms_deu", "mms_spa", "mms_por", "mms_swh", "kokoro")
LARGE_FILE = "/model.safetensors"


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    repositories = [
        repository
        for key in HUB_WEIGHTS
        for repository in make_repositories(find_weights(key), large_bytes=1_000_000)
    ]
    with FakeHub(*repositories) as running:
        yield running


@pytest.fixture(scope="module")
def stack(hub: FakeHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("downloads")
    settings = Settings(
        _env_file=None,
        data_dir=folder / "data",
        models_dir=folder / "models",
        hf_endpoint=hub.url,
        hf_token=None,
        port=0,
        engines=1,
        fake_engine=True,
        stop_grace_s=5,
        sweep_s=1,
    )
    with Stack(settings, worker_groups=[WorkerGroup("worker", ("stub", "fake"), 1)]) as running:
        yield running


@pytest.fixture
def client(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=30, trust_env=False) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _reset_hub(hub: FakeHub) -> Iterator[None]:
    yield
    hub.release.set()
    hub.release = type(hub.release)()
    hub.faults.clear()
    hub.requests.clear()


def state_on_disk(stack: Stack, key: str) -> str:
    return check_presence(find_weights(key), stack.settings.models_dir).state


def get_weights(client: httpx.Client, key: str) -> dict[str, Any]:
    models = client.get("/models/status").json()["models"]
    (weights,) = (weights for model in models for weights in model["weights"] if weights["key"] == key)
    return dict(weights)


def follow(client: httpx.Client, download_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Return (name, data) of all events of a download, up to the last."""
    with client.stream("GET", f"/models/downloads/{download_id}/events") as response:
        return [(message.name, message.data) for message in parse(response.iter_lines())]


def test_requested_weights_are_downloaded_and_listed(stack: Stack, client: httpx.Client) -> None:
    created = client.post("/models/download", json={"models": ["speecht5", "mms_swh"]}).json()
    assert [(download["model"], download["item"]) for download in created["downloads"]] == [
        ("speecht5", "speecht5"),
        ("mms", "mms_swh"),
    ]

    for download in created["downloads"]:
        events = follow(client, download["id"])
        assert events[0][0] == "snapshot"
        assert events[-1][0] == "completed"
        assert events[-1][1]["percent"] == 100
        bytes_done = [data["bytes_done"] for _, data in events]
        assert bytes_done == sorted(bytes_done)
        assert state_on_disk(stack, download["item"]) == "complete"
        assert client.get(f"/models/downloads/{download['id']}").json()["status"] == "completed"

    wait_for(lambda: get_weights(client, "speecht5")["state"] == "complete")
    weights = get_weights(client, "speecht5")
    assert weights["revision"] == find_weights("speecht5").repositories[0].revision
    assert weights["size_bytes"] > 2_000_000
    repeated = client.post("/models/download", json={"voices": ["speecht5_slt"]}).json()
    assert repeated == {"downloads": [], "present": ["speecht5"]}


def test_a_download_resumes_after_the_ops_worker_dies(
    stack: Stack, client: httpx.Client, hub: FakeHub
) -> None:
    hub.faults += [Fault(LARGE_FILE, hold_after_bytes=600_000)]
    (download,) = client.post("/models/download", json={"models": ["mms_spa"]}).json()["downloads"]
    part = stack.settings.models_dir / "facebook_mms-tts-spa/model.safetensors.part"
    wait_for(lambda: part.exists() and part.stat().st_size == 600_000)
    os.kill(stack.pids()["ops"], signal.SIGKILL)
    database = Database(stack.settings.database, role="worker")
    with database.write() as connection:
        long_ago = clock(connection) - STALLED_S - 1
        connection.execute(update(Download).where(Download.id == download["id"]).values(updated_at=long_ago))
    database.close()

    assert follow(client, download["id"])[-1][0] == "completed"
    assert state_on_disk(stack, "mms_spa") == "complete"
    # Only these weights are requested: first from the start, then from the offset at which the ops worker died.
    assert [request.start for request in hub.requests if request.stored] == [None, 600_000]


# The command.


def test_the_command_downloads_and_prints_the_progress(stack: Stack, tmp_path: Path) -> None:
    result = oratio("models", "download", "mms_deu", "af_heart", folder=tmp_path, url=stack.url)

    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "mms_deu: 100 % of 1.0 MB" in lines
    assert {"mms_deu: done", "kokoro: done"} < set(lines)
    assert result.stderr == ""
    assert state_on_disk(stack, "mms_deu") == state_on_disk(stack, "kokoro") == "complete"

    repeated = oratio("models", "download", "mms_deu", folder=tmp_path, data_dir=str(stack.settings.data_dir))
    assert (repeated.returncode, repeated.stdout) == (0, "Already downloaded: mms_deu.\n")


def test_the_command_prints_why_a_download_failed(stack: Stack, hub: FakeHub, tmp_path: Path) -> None:
    repository = hub.only("facebook/mms-tts-por")
    repository.gated = True
    result = oratio("models", "download", "mms_por", "--url", stack.url, folder=tmp_path)
    assert result.returncode == 1
    assert "mms_por: failed" in result.stdout.splitlines()
    assert result.stderr.startswith("mms_por: facebook/mms-tts-por could not be downloaded")
    assert "HF_TOKEN" in result.stderr
    assert "(download_failed)" in result.stderr

    repository.gated = False
    result = oratio("models", "download", "mms_por", "--url", stack.url, folder=tmp_path)
    assert result.returncode == 0, result.stderr


def test_the_command_rejects_an_unknown_name(stack: Stack, tmp_path: Path) -> None:
    result = oratio("models", "download", "unknown", "--url", stack.url, folder=tmp_path)
    assert result.returncode == 1
    assert "(voice_not_found)" in result.stderr


# A shell that runs the tests in the background ignores SIGINT, and child processes inherit that.
RESTORE_SIGINT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_interrupting_the_command_does_not_stop_the_download(
    stack: Stack, client: httpx.Client, hub: FakeHub, tmp_path: Path
) -> None:
    hub.faults += [Fault(LARGE_FILE, hold_after_bytes=600_000)]
    command = subprocess.Popen(
        [sys.executable, "-c", RESTORE_SIGINT, *ORATIO, "models", "download", "mms_eng", "--url", stack.url],
        cwd=tmp_path,
        env=environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with command:
        assert command.stdout is not None
        assert command.stdout.readline().startswith("mms_eng: ")
        command.send_signal(signal.SIGINT)
        output, errors = command.communicate(timeout=30)
    assert (command.returncode, errors) == (130, "")
    assert "The downloads continue" in output
    hub.release.set()
    wait_for(lambda: state_on_disk(stack, "mms_eng") == "complete")


def test_the_status_table_shows_downloaded_weights(
    stack: Stack, client: httpx.Client, tmp_path: Path
) -> None:
    client.post("/models/download", json={"models": ["mms_fra"]})
    wait_for(
        lambda: (weights := get_weights(client, "mms_fra"))["state"] == "complete" and not weights["download"]
    )
    result = oratio("models", "status", folder=tmp_path, url=stack.url)
    assert result.returncode == 0, result.stderr
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()}
    assert rows["Model"] == ["Default", "download", "State", "Size", "Commit", "Loaded"]
    revision = find_weights("mms_fra").repositories[0].revision
    assert rows["mms_fra"] == ["yes", "complete", "1.0", "MB", revision[:8]]
    assert rows["bark"] == ["yes", "not", "downloaded"]
    assert rows["hibari"][:5] == ["yes", "0", "of", "5", "voices"]

    as_json = oratio("models", "status", "--json", folder=tmp_path, url=stack.url)
    assert json.loads(as_json.stdout).keys() == client.get("/models/status").json().keys()


def test_a_model_that_no_worker_serves_cannot_be_loaded_or_unloaded(stack: Stack, tmp_path: Path) -> None:
    for action in ("warm", "unload"):
        result = oratio("models", action, "parler", "--url", stack.url, folder=tmp_path)
        assert result.returncode == 1
        assert "No running worker serves parler" in result.stderr


@pytest.mark.parametrize("command", [["download"], ["status"], ["warm", "kokoro"], ["unload", "kokoro"]])
def test_without_a_service_the_command_prints_alternatives(tmp_path: Path, command: list[str]) -> None:
    result = oratio("models", *command, folder=tmp_path, port="1")
    assert result.returncode == 1
    assert "oratio up" in result.stderr
    assert "scripts/download_models.py --dest models" in result.stderr


# The script.


def script(hub: FakeHub, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--endpoint", hub.url, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_script_needs_no_service(hub: FakeHub, tmp_path: Path) -> None:
    result = script(hub, tmp_path, "--dest", "there", "mms_fra", "speecht5_slt", "hibari_heart")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert {"mms_fra: done", "speecht5: done", "hibari_heart: done"} < set(result.stdout.splitlines())
    for key in ("mms_fra", "speecht5"):
        assert check_presence(find_weights(key), tmp_path / "there").state == "complete"


def test_the_script_prints_failures_and_downloads_the_rest(hub: FakeHub, tmp_path: Path) -> None:
    result = script(hub, tmp_path, "bark", "mms_fra")
    assert result.returncode == 1
    assert result.stderr.startswith("bark: suno/bark-small could not be downloaded")
    assert check_presence(find_weights("mms_fra"), tmp_path / "models").state == "complete"


def test_the_script_rejects_an_unknown_name(hub: FakeHub, tmp_path: Path) -> None:
    result = script(hub, tmp_path, "unknown")
    assert result.returncode == 2
    assert "No model or voice is called unknown" in result.stderr
    assert list(tmp_path.iterdir()) == []
