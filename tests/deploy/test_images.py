"""The images are complete: their copied folders and locked libraries suffice to import the code and to migrate."""

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

# Runs in a copy of the image's /app. Modules that the image does not have cannot be imported.
PROGRAM = """
import sys
sys.path.insert(0, ".")
sys.modules.update(dict.fromkeys(sys.argv[1].split(","), None))
import {module}, cli.main
sys.argv[:] = ["oratio", "migrate"]
cli.main.main()
"""


def copied_python_folders(name: str) -> list[str]:
    copies = [rest.split() for stage in dockerfile(name).values() for rest in stage.all("COPY")]
    return [words[0] for words in copies if (ROOT / words[0]).is_dir() and words[0] != "frontend"]


def missing_modules(lock: str, folders: list[str]) -> set[str]:
    """Return the top-level modules of this environment that an image with `lock` and `folders` does not have."""
    text = (ROOT / "requirements" / lock).read_text()
    locked = set(re.findall(r"^([a-z0-9._-]+)==", text, re.MULTILINE))
    ours = {"api", "worker", "common", "cli", "migrations"} - set(folders)
    return ours | {
        module
        for module, owners in packages_distributions().items()
        if not {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} & (locked | {"oratioviva", "pip"})
    }


def ignored(path: str) -> bool:
    """Return whether .dockerignore excludes a path (only the syntax that the file uses; the last match wins)."""
    excluded = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        parts = path.split("/")
        prefixes = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        if pattern and not pattern.startswith("#"):
            candidates = parts if pattern.startswith("**/") else prefixes
            if any(fnmatchcase(candidate, pattern.removeprefix("**/")) for candidate in candidates):
                excluded = not line.startswith("!")
    return excluded


@pytest.mark.parametrize(
    ("name", "lock", "module"),
    [("Dockerfile.api", "gateway.lock", "api.serve"), ("Dockerfile.worker", "base.lock", "worker.app")],
)
def test_an_image_contains_everything_its_code_needs(
    name: str, lock: str, module: str, tmp_path: Path
) -> None:
    folders = copied_python_folders(name)
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


def test_the_studio_is_built_in_its_own_stage_and_served_by_the_gateway() -> None:
    studio = dockerfile("Dockerfile.api")["studio"]
    assert studio.all("RUN") == ["npm ci --ignore-scripts --no-audit --no-fund", "npm run build"]
    (major,) = re.findall(r"^ARG NODE_VERSION=(\d+)$", (ROOT / "Dockerfile.api").read_text(), re.MULTILINE)
    assert fits((int(major), 0, 0), wanted_versions(FRONTEND))

    gateway = image_of("gateway")
    assert "--from=studio /studio/dist frontend/dist" in gateway.stages[-1].all("COPY")
    assert gateway.environment["ORATIO_FRONTEND_DIR"] == f"{gateway.last('WORKDIR')}/frontend/dist"
    assert not gateway.stages[-1].base.startswith("node")


def test_dockerignore_includes_the_studios_sources_and_excludes_generated_files() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "frontend"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert "frontend/openapi.json" in tracked
    assert not [path for path in tracked if ignored(path)]
    for path in ("node_modules/vite/index.js", "dist/index.html", "dist.old/index.html"):
        assert ignored(f"frontend/{path}")
    for path in (".env", ".venv/bin/python", "data/oratio.db", ".git/config"):
        assert ignored(path)
