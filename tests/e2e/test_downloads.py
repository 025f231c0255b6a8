"""Models from a hub on loopback into the folder of a real service, asked for by HTTP, by the command, by the script."""

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
SERVED = ("speecht5", "mms_eng", "mms_fra", "mms_deu", "mms_spa", "mms_por", "mms_swh", "kokoro")
LARGE = "/model.safetensors"


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    repositories = [
        one for key in SERVED for one in make_repositories(find_weights(key), large_bytes=1_000_000)
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
def _a_hub_without_faults(hub: FakeHub) -> Iterator[None]:
    yield
    hub.release.set()
    hub.release = type(hub.release)()
    hub.faults.clear()
    hub.requests.clear()


def state(stack: Stack, key: str) -> str:
    return check_presence(find_weights(key), stack.settings.models_dir).state


def shown(client: httpx.Client, key: str) -> dict[str, Any]:
    models = client.get("/models/status").json()["models"]
    (found,) = (one for model in models for one in model["weights"] if one["key"] == key)
    return dict(found)


def follow(client: httpx.Client, download_id: str) -> list[tuple[str, dict[str, Any]]]:
    with client.stream("GET", f"/models/downloads/{download_id}/events") as answer:
        return [(message.name, message.data) for message in parse(answer.iter_lines())]


def test_what_is_asked_for_arrives_and_the_service_says_so(stack: Stack, client: httpx.Client) -> None:
    asked = client.post("/models/download", json={"models": ["speecht5", "mms_swh"]}).json()
    assert [(one["model"], one["item"]) for one in asked["downloads"]] == [
        ("speecht5", "speecht5"),
        ("mms", "mms_swh"),
    ]

    for one in asked["downloads"]:
        told = follow(client, one["id"])
        assert told[0][0] == "snapshot"
        assert told[-1][0] == "completed"
        assert told[-1][1]["percent"] == 100
        done = [data["bytes_done"] for _, data in told]
        assert done == sorted(done)
        assert state(stack, one["item"]) == "complete"
        assert client.get(f"/models/downloads/{one['id']}").json()["status"] == "completed"

    wait_for(lambda: shown(client, "speecht5")["state"] == "complete")
    seen = shown(client, "speecht5")
    assert seen["revision"] == find_weights("speecht5").repositories[0].revision
    assert seen["size_bytes"] > 2_000_000
    again = client.post("/models/download", json={"voices": ["speecht5_slt"]}).json()
    assert again == {"downloads": [], "present": ["speecht5"]}


def test_an_ops_worker_that_dies_is_followed_by_one_that_goes_on(
    stack: Stack, client: httpx.Client, hub: FakeHub
) -> None:
    hub.faults += [Fault(LARGE, hold_after_bytes=600_000)]
    (asked,) = client.post("/models/download", json={"models": ["mms_spa"]}).json()["downloads"]
    part = stack.settings.models_dir / "facebook_mms-tts-spa/model.safetensors.part"
    wait_for(lambda: part.exists() and part.stat().st_size == 600_000)
    os.kill(stack.pids()["ops"], signal.SIGKILL)
    database = Database(stack.settings.database, role="worker")
    with database.write() as connection:
        long_ago = clock(connection) - STALLED_S - 1
        connection.execute(update(Download).where(Download.id == asked["id"]).values(updated_at=long_ago))
    database.close()

    assert follow(client, asked["id"])[-1][0] == "completed"
    assert state(stack, "mms_spa") == "complete"
    # Spanish alone was asked for: the first time from the start, the second time from where the first one died.
    assert [asked.start for asked in hub.requests if asked.stored] == [None, 600_000]


# The command.


def test_the_command_fetches_and_says_how_far_it_is(stack: Stack, tmp_path: Path) -> None:
    said = oratio("models", "download", "mms_deu", "af_heart", folder=tmp_path, url=stack.url)

    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    assert "mms_deu: 100 % of 1.0 MB" in lines
    assert {"mms_deu: done", "kokoro: done"} < set(lines)
    assert said.stderr == ""
    assert state(stack, "mms_deu") == state(stack, "kokoro") == "complete"

    again = oratio("models", "download", "mms_deu", folder=tmp_path, data_dir=str(stack.settings.data_dir))
    assert (again.returncode, again.stdout) == (0, "Already there: mms_deu.\n")


def test_the_command_says_why_it_failed(stack: Stack, hub: FakeHub, tmp_path: Path) -> None:
    repository = hub.only("facebook/mms-tts-por")
    repository.gated = True
    said = oratio("models", "download", "mms_por", "--url", stack.url, folder=tmp_path)
    assert said.returncode == 1
    assert "mms_por: failed" in said.stdout.splitlines()
    assert said.stderr.startswith("mms_por: facebook/mms-tts-por could not be downloaded")
    assert "HF_TOKEN" in said.stderr
    assert "(download_failed)" in said.stderr

    repository.gated = False
    said = oratio("models", "download", "mms_por", "--url", stack.url, folder=tmp_path)
    assert said.returncode == 0, said.stderr


def test_a_name_that_nobody_knows_is_refused(stack: Stack, tmp_path: Path) -> None:
    said = oratio("models", "download", "nobody", "--url", stack.url, folder=tmp_path)
    assert said.returncode == 1
    assert "(voice_not_found)" in said.stderr


# Where the tests run in the background Ctrl-C is ignored, and every child would inherit that.
HEED_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_whoever_stops_watching_does_not_stop_the_download(
    stack: Stack, client: httpx.Client, hub: FakeHub, tmp_path: Path
) -> None:
    hub.faults += [Fault(LARGE, hold_after_bytes=600_000)]
    watching = subprocess.Popen(
        [sys.executable, "-c", HEED_CTRL_C, *ORATIO, "models", "download", "mms_eng", "--url", stack.url],
        cwd=tmp_path,
        env=environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("mms_eng: ")
        watching.send_signal(signal.SIGINT)
        rest, errors = watching.communicate(timeout=30)
    assert (watching.returncode, errors) == (130, "")
    assert "The downloads go on" in rest
    hub.release.set()
    wait_for(lambda: state(stack, "mms_eng") == "complete")


def test_the_table_says_what_is_there(stack: Stack, client: httpx.Client, tmp_path: Path) -> None:
    client.post("/models/download", json={"models": ["mms_fra"]})
    wait_for(lambda: (now := shown(client, "mms_fra"))["state"] == "complete" and not now["download"])
    said = oratio("models", "status", folder=tmp_path, url=stack.url)
    assert said.returncode == 0, said.stderr
    rows = {line.split()[0]: line.split()[1:] for line in said.stdout.splitlines()}
    assert rows["Model"] == ["Need", "State", "Size", "Revision", "Loaded"]
    revision = find_weights("mms_fra").repositories[0].revision
    assert rows["mms_fra"] == ["needed", "complete", "1.0", "MB", revision[:8]]
    assert rows["bark"] == ["needed", "absent"]
    assert rows["hibari"][:5] == ["needed", "0", "of", "5", "voices"]

    for_programs = oratio("models", "status", "--json", folder=tmp_path, url=stack.url)
    told = json.loads(for_programs.stdout)
    assert told.keys() == client.get("/models/status").json().keys()


def test_what_nobody_serves_cannot_be_loaded(stack: Stack, tmp_path: Path) -> None:
    for what in ("warm", "unload"):
        said = oratio("models", what, "parler", "--url", stack.url, folder=tmp_path)
        assert said.returncode == 1
        assert "No worker that runs serves parler" in said.stderr


@pytest.mark.parametrize("command", [["download"], ["status"], ["warm", "kokoro"], ["unload", "kokoro"]])
def test_without_a_service_the_command_says_what_to_do(tmp_path: Path, command: list[str]) -> None:
    said = oratio("models", *command, folder=tmp_path, port="1")
    assert said.returncode == 1
    assert "oratio up" in said.stderr
    assert "scripts/download_models.py --dest models" in said.stderr


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
    said = script(hub, tmp_path, "--dest", "there", "mms_fra", "speecht5_slt", "hibari_heart")
    assert said.returncode == 0, said.stderr
    assert said.stderr == ""
    assert {"mms_fra: done", "speecht5: done", "hibari_heart: done"} < set(said.stdout.splitlines())
    for key in ("mms_fra", "speecht5"):
        assert check_presence(find_weights(key), tmp_path / "there").state == "complete"


def test_the_script_says_what_failed_and_fetches_the_rest(hub: FakeHub, tmp_path: Path) -> None:
    said = script(hub, tmp_path, "bark", "mms_fra")
    assert said.returncode == 1
    assert said.stderr.startswith("bark: suno/bark-small could not be downloaded")
    assert check_presence(find_weights("mms_fra"), tmp_path / "models").state == "complete"


def test_the_script_refuses_a_name_that_nobody_knows(hub: FakeHub, tmp_path: Path) -> None:
    said = script(hub, tmp_path, "nobody")
    assert said.returncode == 2
    assert "no voice with this id" in said.stderr
    assert list(tmp_path.iterdir()) == []
