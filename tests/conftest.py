"""Fixtures with real servers, started once per session on free loopback ports, with temporary folders."""

import os
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from common.db.database import Database
from common.settings import Settings
from tests.support.file_scheduling import FileScheduling
from tests.support.services import settings_in
from tests.support.slowest import SlowestFiles

if TYPE_CHECKING:
    from xdist.scheduler import Scheduling

    from cli.service.stack import Stack
    from tests.support.databases import Postgres, SqliteTemplate
    from tests.support.topology import Topology
    from tests.support.valkey import Valkey

# Tests of engines run in the environments that have the libraries. Some libraries cannot be installed together.
_REQUIRED_LIBRARIES = {
    "worker/test_torch*.py": "uroman",
    "worker/test_numbers.py": "num2words",
    "worker/test_parler*.py": "parler_tts",
}
collect_ignore_glob = [files for files, library in _REQUIRED_LIBRARIES.items() if find_spec(library) is None]

# Dozens of processes import the same modules, so compiled modules are cached even if the shell turns that off.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

if find_spec("hypothesis"):
    import hypothesis

    # On a busy machine, an example may take any time.
    hypothesis.settings.register_profile(
        "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("busy")

# Slow folders first, so that no test process is left alone with a long file at the end.
_FOLDER_ORDER = ("e2e", "cli", "worker", "deploy", "api", "unit")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the xdist controller, or the only process
        config.pluginmanager.register(SlowestFiles())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "Scheduling":
    return FileScheduling(config, log)


@pytest.hookimpl(trylast=True)  # after pytest-randomly
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # xdist would run only one of several tests with the same id.
    duplicates = [name for name, number in Counter(item.nodeid for item in items).items() if number > 1]
    if duplicates:
        raise pytest.UsageError(f"Several tests have the id {duplicates[0]}.")
    folder = Path(__file__).parent
    items.sort(key=lambda item: _FOLDER_ORDER.index(item.path.relative_to(folder).parts[0]))


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey server that all tests share. Each test uses its own queue prefix."""
    # Imported here because not every environment that runs tests has the package.
    from tests.support.valkey import running_valkey

    with running_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server.url


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator["Valkey"]:
    """A Valkey server for one test only."""
    from tests.support.valkey import running_valkey

    with running_valkey(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Stack"]:
    """A whole service that several files share. It keeps the jobs of earlier tests."""
    from cli.service.processes import WorkerGroup
    from cli.service.stack import Stack

    folder = tmp_path_factory.mktemp("service")
    settings = Settings(
        _env_file=None,
        data_dir=folder / "data",
        models_dir=folder / "models",
        hf_token=None,
        port=0,
        fake_engine=True,
        engines=2,
        stop_grace_s=5,
        openai_voices={"our own": "hibari_heart"},
        openai_models={"house": "hibari"},
    )
    with Stack(settings, worker_groups=[WorkerGroup("worker", ("hibari", "stub", "fake"), 1)]) as running:
        yield running


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Topology"]:
    """The services of docker-compose.yml as processes. A test that stops one of them must start it again."""
    from tests.support.topology import open_topology

    with open_topology(tmp_path_factory.mktemp("fleet")) as topology:
        yield topology


@pytest.fixture(scope="session")
def postgres() -> Iterator["Postgres"]:
    from tests.support.databases import running_postgres

    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> "SqliteTemplate":
    from tests.support.databases import SqliteTemplate

    return SqliteTemplate(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def postgres_url(postgres: "Postgres") -> Iterator[str]:
    """An empty Postgres database for one test."""
    with postgres.database(migrated=False) as url:
        yield url


@pytest.fixture
def migrated_postgres_url(postgres: "Postgres") -> Iterator[str]:
    with postgres.database(migrated=True) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'oratio.db'}"


@pytest.fixture
def migrated_sqlite_url(tmp_path: Path, sqlite_template: "SqliteTemplate") -> str:
    return sqlite_template.copy(tmp_path / "oratio.db")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database. Each test that uses it runs on SQLite and on Postgres."""
    url: str = request.getfixturevalue(f"migrated_{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, role="worker")
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path, valkey_url: str, migrated_sqlite_url: str) -> Settings:
    """Settings with SQLite and the shared Valkey, and with a queue prefix and folders for one test."""
    return settings_in(tmp_path, database_url=migrated_sqlite_url, redis_url=valkey_url)


@pytest.fixture(autouse=True)
def _no_inherited_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove settings of the developer's shell from the environment."""
    for name in list(os.environ):
        if name.startswith("ORATIO_") or name in ("HF_TOKEN", "HUGGINGFACEHUB_API_TOKEN"):
            monkeypatch.delenv(name)
