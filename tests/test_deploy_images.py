"""What the images hold is enough: their folders and their locked libraries, and nothing else, run in a bare folder."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.deployment import ROOT, dockerfile

# Runs in the folder that stands for /app; what the image lacks cannot be imported.
PROGRAM = """
import sys
sys.path.insert(0, ".")
sys.modules.update(dict.fromkeys(sys.argv[1].split(","), None))
import {module}, cli.main
sys.argv[:] = ["oratio", "migrate"]
cli.main.main()
"""


def copied_folders(name: str) -> list[str]:
    copies = [rest.split() for stage in dockerfile(name).values() for rest in stage.all("COPY")]
    return [words[0] for words in copies if (ROOT / words[0]).is_dir()]


def missing_modules(lock: str, folders: list[str]) -> set[str]:
    """Top-level modules of this environment that an image made from `lock` and `folders` does not have."""
    text = (ROOT / "requirements" / lock).read_text()
    locked = set(re.findall(r"^([a-z0-9._-]+)==", text, re.MULTILINE))
    ours = {"api", "worker", "common", "cli", "migrations"} - set(folders)
    return ours | {
        module
        for module, owners in packages_distributions().items()
        if not {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} & (locked | {"oratioviva", "pip"})
    }


@pytest.mark.parametrize(
    ("name", "lock", "module"),
    [("Dockerfile.api", "gateway.lock", "api.serve"), ("Dockerfile.worker", "base.lock", "worker.app")],
)
def test_an_image_runs_on_what_it_holds(name: str, lock: str, module: str, tmp_path: Path) -> None:
    folders = copied_folders(name)
    for folder in folders:
        shutil.copytree(
            ROOT / folder, tmp_path / "app" / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    missing = missing_modules(lock, folders)
    assert "pytest" in missing
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ORATIO_") and k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module), ",".join(missing)],
        cwd=tmp_path / "app",
        env=clean | {"ORATIO_DATA_DIR": str(tmp_path / "data"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "oratio.db").exists()
