"""Which worker groups run on a machine."""

from pathlib import Path
from typing import Any

import pytest

from cli.service import worker_groups
from cli.service.worker_groups import FLAVOURS
from common.settings import Settings
from worker.host import device


@pytest.fixture
def project_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout without other environments, on a machine without a GPU."""
    monkeypatch.setattr(worker_groups, "FOLDER", tmp_path)
    monkeypatch.setattr(device, "_GPUS", tmp_path / "gpus")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


def start_environment(folder: Path, flavour: str) -> Path:
    """Create an environment as an interrupted build leaves it."""
    python = folder / f".venv-{flavour}" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    return python


def build_environment(folder: Path, flavour: str, *, gpl: str = "1") -> Path:
    python = start_environment(folder, flavour)
    (folder / f".venv-{flavour}" / f".run-gpl{gpl}").touch()
    return python


def make_gpus(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / "gpus" / f"0000:0{number}:00.0").mkdir(parents=True)


def plan_groups(**given: Any) -> dict[str, worker_groups.WorkerGroup]:
    return {
        group.name: group
        for group in worker_groups.worker_groups(Settings(_env_file=None, **given), workers=3)
    }


def test_without_other_environments_there_is_one_group(project_dir: Path) -> None:
    (group,) = plan_groups().values()
    assert (group.name, group.count, group.models) == ("worker", 3, ("hibari", "kokoro", "stub"))


def test_each_complete_environment_has_a_group(project_dir: Path) -> None:
    pythons = {flavour: build_environment(project_dir, flavour) for flavour in FLAVOURS}
    found = plan_groups()
    assert list(found) == ["worker", "torch", "parler"]
    for flavour, python in pythons.items():
        group = found[flavour]
        assert (group.count, group.models, group.python) == (1, FLAVOURS[flavour], str(python))
        # While a batch of eight is synthesized, the next one fills.
        assert group.concurrency >= 16


def test_an_incomplete_environment_has_no_group(project_dir: Path) -> None:
    start_environment(project_dir, "torch")
    build_environment(project_dir, "parler", gpl="0")
    assert list(plan_groups()) == ["worker", "parler"]
    assert (worker_groups.is_ready("torch"), worker_groups.is_ready("parler")) == (False, True)


def test_the_makefile_creates_the_stamp_last() -> None:
    stamps = (".venv-%/.run-gpl$(GPL):", "@rm -f .venv-$*/.run-*")
    assert all(stamp in (worker_groups.FOLDER / "Makefile").read_text() for stamp in stamps)


def test_a_gpu_takes_more_jobs_at_once(project_dir: Path) -> None:
    build_environment(project_dir, "torch")
    on_cpu = plan_groups()["torch"]
    make_gpus(project_dir, 2)
    on_gpu = plan_groups()["torch"]
    assert (on_cpu.count, on_gpu.count) == (1, 1)
    assert on_gpu.concurrency > on_cpu.concurrency


def test_worker_models_selects_models_or_weights(project_dir: Path) -> None:
    for flavour in FLAVOURS:
        build_environment(project_dir, flavour)
    found = plan_groups(worker_models="mms_fra,stub,inference")
    assert {name: group.models for name, group in found.items()} == {
        "worker": ("stub",),
        "torch": ("mms_fra",),
    }
    assert list(plan_groups(worker_models="parler")) == ["parler"]


def test_models_without_an_environment_are_named(project_dir: Path) -> None:
    build_environment(project_dir, "torch")
    settings = Settings(_env_file=None, worker_models="hibari,mms_fra,parler")
    assert worker_groups.missing_models(settings) == ("parler",)
    assert worker_groups.missing_models(Settings(_env_file=None)) == ()
