"""What the images hold is enough: their folders and their locked libraries, and nothing else, run in a bare folder."""

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from cli.studio.nodejs import FRONTEND, fits, wanted_versions
from tests.support.deployment import ROOT, dockerfile, image_of

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
    """Those of Python."""
    copies = [rest.split() for stage in dockerfile(name).values() for rest in stage.all("COPY")]
    return [words[0] for words in copies if (ROOT / words[0]).is_dir() and words[0] != "frontend"]


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


def ignored(path: str) -> bool:
    """By .dockerignore: the last line that fits decides; of its grammar what that file uses."""
    found = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        rule = line.removeprefix("!")
        steps = path.split("/")
        above = ["/".join(steps[:count]) for count in range(1, len(steps) + 1)]
        if rule and not rule.startswith("#"):
            tried = steps if rule.startswith("**/") else above
            if any(fnmatchcase(one, rule.removeprefix("**/")) for one in tried):
                found = not line.startswith("!")
    return found


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


def test_the_studio_is_built_in_an_image_of_its_own_and_served_from_the_gateways() -> None:
    studio = dockerfile("Dockerfile.api")["studio"]
    assert studio.all("RUN") == ["npm ci --ignore-scripts --no-audit --no-fund", "npm run build"]
    (given,) = re.findall(r"^ARG NODE_VERSION=(\d+)$", (ROOT / "Dockerfile.api").read_text(), re.MULTILINE)
    assert fits((int(given), 0, 0), wanted_versions(FRONTEND))

    gateway = image_of("gateway")
    assert "--from=studio /studio/dist frontend/dist" in gateway.stages[-1].all("COPY")
    served = f"{gateway.last('WORKDIR')}/frontend/dist"
    assert gateway.environment["ORATIO_FRONTEND_DIR"] == served
    assert not gateway.stages[-1].base.startswith("node")


def test_sources_of_the_studio_reach_its_build_and_what_was_made_of_them_does_not() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "frontend"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert "frontend/openapi.json" in tracked
    assert not [path for path in tracked if ignored(path)]
    for path in ("node_modules/vite/index.js", "dist/index.html", "dist.old/index.html"):
        assert ignored(f"frontend/{path}")
    for path in (".env", ".venv/bin/python", "data/oratio.db", ".git/config"):
        assert ignored(path)
