"""nginx passes only the host names of the service, and its container configures it with them."""

import os
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from api.http.hosts import AllowedHosts
from common.settings import Settings
from tests.support.deployment import SERVICES
from tests.support.fake_gateway import fake_gateway
from tests.support.nginx import DEPLOYED, hosts_map, nginx_binary, start_nginx
from tests.support.ports import free_port


@pytest.mark.parametrize(
    ("allowed_hosts", "host", "passes"),
    [
        ("", "localhost", True),
        ("", "LOCALHOST.:8000", True),
        ("", "studio.localhost:8000", True),
        ("", "10.0.0.7", True),
        ("", "[::1]:8000", True),
        ("", "evil.example", False),
        ("", "localhost.evil.example", False),
        ("", "evil-localhost", False),
        ("", "evil.example:localhost", False),
        ("", "127.0.0.1.evil.example", False),
        ("speech.example, Other,other", "speech.example:443", True),
        ("speech.example, Other,other", "other", True),
        ("speech.example", "evil.example", False),
        ("speech.example", "a.speech.example", False),
        ("speech.example", "speechxexample", False),
        ("*", "evil.example", True),
    ],
)
def test_only_names_of_the_service_are_forwarded(
    tmp_path: Path, allowed_hosts: str, host: str, *, passes: bool
) -> None:
    with (
        fake_gateway() as gateway,
        start_nginx(
            tmp_path, port=free_port(), gateway_ports=[gateway.server_port], allowed_hosts=allowed_hosts
        ) as url,
        httpx.Client(base_url=url) as client,
    ):
        for method, path in (("GET", "/health"), ("POST", "/synthesize"), ("GET", "/v1/audio/speech/stream")):
            response = client.request(method, path, headers={"Host": host})
            if passes:
                assert response.json()["headers"]["host"] == host
            else:
                assert response.status_code == 421
                assert response.json()["error"]["code"] == "foreign_host"
                assert response.headers["x-request-id"]
                assert not gateway.requests
        # The gateway decides in the same way.
        names = Settings(_env_file=None, allowed_hosts=allowed_hosts).allowed_host_names
        assert AllowedHosts(names).allows(host.encode()) is passes


def test_a_foreign_host_is_refused_although_the_request_line_names_the_service(
    tmp_path: Path,
) -> None:
    request = b"GET http://localhost/health HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    port = free_port()
    with (
        fake_gateway() as gateway,
        start_nginx(tmp_path, port=port, gateway_ports=[gateway.server_port]),
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
    ):
        connection.sendall(request)
        assert connection.recv(12) == b"HTTP/1.1 421"
        assert not gateway.requests


def configure_as_container(folder: Path, allowed_hosts: str) -> Path:
    """Run the command of the container up to the start of nginx. Returns the folder of the configuration."""
    *shell, script = SERVICES["nginx"]["command"]
    configured = folder / "configured"
    script = script.replace("/etc/oratio", str(DEPLOYED)).replace("/tmp/oratio", str(configured))
    commands, start = script.rsplit("exec ", 1)
    assert f"nginx -c {configured}/nginx.conf" in start
    environment = {"PATH": os.environ["PATH"], "ORATIO_ALLOWED_HOSTS": allowed_hosts}
    subprocess.run([*shell, commands], env=environment, check=True)
    return configured


def test_the_container_configures_nginx_with_the_names_of_the_service(tmp_path: Path) -> None:
    assert "ORATIO_ALLOWED_HOSTS" in SERVICES["nginx"]["environment"]
    configured = configure_as_container(tmp_path, "speech.example,other")
    assert (configured / "hosts.conf").read_text() == hosts_map("speech.example,other")
    assert {path.name for path in DEPLOYED.glob("*.conf")} < {path.name for path in configured.iterdir()}


def test_nginx_accepts_the_main_configuration_of_the_container(tmp_path: Path) -> None:
    binary = nginx_binary()
    output = subprocess.run([binary, "-v"], capture_output=True, text=True, check=True).stderr
    version = tuple(int(part) for part in output.rpartition("/")[2].split()[0].split("."))
    if version < (1, 27, 3):
        pytest.skip(f"nginx {version} does not support `resolve`, which the image's nginx does")
    configured = configure_as_container(tmp_path, "speech.example")
    check = subprocess.run(
        [binary, "-t", "-c", str(configured / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
