"""The bundled Valkey server is private, durable and keeps its address."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from cli.service import valkey
from cli.service.valkey import ValkeyServer
from tests.support.waiting import wait_for


@contextmanager
def started(data_dir: Path) -> Iterator[ValkeyServer]:
    server = valkey.prepare(data_dir)
    process = subprocess.Popen(server.command.argv, stdout=subprocess.DEVNULL)
    try:
        wait_for(server.answers)
        yield server
    finally:
        process.kill()
        process.wait()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_can_read_the_password(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        server = valkey.prepare(tmp_path)
    finally:
        os.umask(before)

    assert len(server.password) >= 32
    assert server.password not in " ".join(server.command.argv)
    assert mode(tmp_path / "valkey") == 0o700
    assert {path.name: mode(path) for path in (tmp_path / "valkey").iterdir()} == {
        "password": 0o600,
        "port": 0o600,
        "valkey.conf": 0o600,
    }


def test_the_folder_may_have_any_name_in_any_locale(tmp_path: Path) -> None:
    """With the encoding of this locale, the name could not be written."""
    code = "import sys; from pathlib import Path; from cli.service import valkey; valkey.prepare(Path(sys.argv[1]))"
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    data_dir = tmp_path / "données"
    subprocess.run([sys.executable, "-c", code, data_dir], env=os.environ | locale, check=True, timeout=60)
    assert f'dir "{data_dir}/valkey"' in (data_dir / "valkey" / "valkey.conf").read_text("utf-8")
    with started(data_dir):
        pass


def test_the_server_requires_the_password(tmp_path: Path) -> None:
    with (
        started(tmp_path) as server,
        redis.Redis(port=server.port, retry=None) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_data_password_and_port_survive_a_kill(tmp_path: Path) -> None:
    folder = tmp_path / 'a "quoted" folder'
    with started(folder) as server, redis.Redis.from_url(server.url) as client:
        client.set("kept", "yes")

    with started(folder) as again, redis.Redis.from_url(again.url) as client:
        assert client.get("kept") == b"yes"
        assert again.url == server.url


def test_another_port_is_chosen_if_the_old_one_is_in_use(tmp_path: Path) -> None:
    first = valkey.prepare(tmp_path)
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", first.port))
        squatter.listen()
        second = valkey.prepare(tmp_path)

    assert second.port != first.port
    assert second.password == first.password


def test_a_server_that_is_not_started_does_not_answer(tmp_path: Path) -> None:
    assert not valkey.prepare(tmp_path).answers()
