"""The command lines of processes agree with the code that reads them."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from cli.service import processes, worker_groups
from common import providers
from common.provider_names import INFERENCE
from common.settings import Settings
from tests.support.command import ORATIO, environment
from tests.support.ports import free_port
from tests.support.waiting import wait_for
from worker.engines import available_aliases
from worker.lifecycle import aliases_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "data", queue_prefix="p")


def test_a_worker_is_plain_celery_with_interactive_queues_first(settings: Settings) -> None:
    command = processes.worker(settings, models=("hibari", "stub"), name="one")

    assert command.argv[:7] == (sys.executable, "-m", "celery", "-A", "worker.app", "worker", "-P")
    queues = command.argv[command.argv.index("-Q") + 1].split(",")
    assert queues == ["p.hibari.interactive", "p.stub.interactive", "p.hibari.bulk", "p.stub.bulk"]
    assert aliases_of(queues, prefix="p") == ("hibari", "stub")


def test_the_name_of_hosted_inference_matches_the_providers() -> None:
    assert INFERENCE == providers.INFERENCE


@pytest.mark.parametrize("fake_engine", [False, True])
def test_a_local_worker_serves_the_installed_models(settings: Settings, fake_engine: bool) -> None:
    settings = settings.model_copy(update={"fake_engine": fake_engine, "inference_url": "http://127.0.0.1:9"})

    served = worker_groups.local_models(settings)

    assert set(served) == set(available_aliases(settings)) - {"inference"}


def test_children_have_the_settings_of_their_parent(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"fallback_stub": False, "lease_s": 7.5, "models_dir": Path("here"), "openai_voices": {"a": "é"}}
    parent = settings.model_copy(update=values)
    for name, value in processes.environment(parent).items():
        monkeypatch.setenv(name, value)

    child = Settings(_env_file=None)

    assert child.models_dir == Path.cwd() / "here"
    same = {"models_dir", "frontend_dir"}
    assert child.model_dump(exclude=same) == parent.model_dump(exclude=same)


def test_the_token_is_passed_in_the_environment_only(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    settings = Settings(_env_file=None, data_dir=settings.data_dir)

    command = processes.inference(settings)

    assert command.env["HF_TOKEN"] == "hf_secret"
    assert "hf_secret" not in " ".join(command.argv)


def test_thread_limits_set_by_the_user_are_kept(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")

    env = processes.worker(settings, models=("stub",), name="one").env

    assert "OMP_NUM_THREADS" not in env
    assert env["OPENBLAS_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    ("kind", "word"), [("ops", "t.ops"), ("beat", "--pidfile="), ("gateway", "api.serve")]
)
def test_a_process_command_replaces_itself_with_the_process(
    tmp_path: Path, valkey_url: str, kind: str, word: str
) -> None:
    settings = {
        "data_dir": str(tmp_path),
        "redis_url": valkey_url,
        "queue_prefix": "t",
        "port": str(free_port()),
    }
    process = subprocess.Popen([*ORATIO, kind], env=environment(**settings), stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: word in psutil.Process(process.pid).cmdline())
    finally:
        process.kill()
        process.wait()

    # Beat does not use the database.
    assert (tmp_path / "oratio.db").exists() is (kind != "beat")
