"""Runs nginx as a process on loopback, with the site file that docker-compose.yml mounts."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.waiting import wait_for

DEPLOYED = Path(__file__).parents[2] / "deploy" / "nginx"
SITE = DEPLOYED / "oratio.conf"

# Replaces deploy/nginx/nginx.conf: it has the same two lines inside http, but all paths are in the folder of the test.
MAIN = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/client_body;
    proxy_temp_path       {folder}/proxy;
    fastcgi_temp_path     {folder}/fastcgi;
    uwsgi_temp_path       {folder}/uwsgi;
    scgi_temp_path        {folder}/scgi;
    include {site};
    access_log {folder}/access.log oratio;
}}
"""


def nginx_binary() -> str:
    """The path of nginx. Skips the test if it is not installed."""
    found = shutil.which(
        "nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    )
    if found is None:
        pytest.skip("nginx is not installed here; .ci/run installs it where it may (apt-get install nginx)")
    return found


@contextmanager
def start_nginx(
    folder: Path,
    *,
    port: int,
    gateway_ports: Sequence[int] = (),
    site: Path = SITE,
    allowed_hosts: str = "",
) -> Iterator[str]:
    """Run nginx in front of the gateways until the block ends. Yields `http://127.0.0.1:{port}`.

    It writes only to `folder` (access.log, error.log). Raises RuntimeError with nginx's message if it refuses the
    configuration or the port is taken.
    """
    binary = nginx_binary()
    command = [
        binary,
        "-e",
        str(folder / "error.log"),
        "-p",
        str(folder),
        "-c",
        str(_configure(folder, port, gateway_ports, site, allowed_hosts)),
    ]
    check = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    if check.returncode:
        raise RuntimeError(f"nginx refuses its configuration: {check.stderr}")
    with (folder / "output.log").open("w") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        wait_for(lambda: process.poll() is not None or _answers(port), timeout_s=10)
        if process.poll() is not None:
            raise RuntimeError(f"nginx ended at once: {(folder / 'error.log').read_text()}")
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(process)


def _configure(folder: Path, port: int, gateway_ports: Sequence[int], site: Path, allowed_hosts: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    servers = (
        f"server 127.0.0.1:{gateway}{parameters};\n"
        for parameters in _server_parameters()
        for gateway in gateway_ports
    )
    (folder / "gateways.conf").write_text("".join(servers))
    (folder / "listen.conf").write_text(f"listen 127.0.0.1:{port} default_server;\n")
    (folder / "hosts.conf").write_text(hosts_map(allowed_hosts))
    main = folder / "nginx.conf"
    # As root, nginx runs its workers as another user by default, who cannot enter the folder of a test.
    user = "user root root;" if os.geteuid() == 0 else ""
    main.write_text(MAIN.format(user=user, folder=folder, site=site))
    return main


def hosts_map(allowed_hosts: str) -> str:
    """The lines that the deployed script makes of ORATIO_ALLOWED_HOSTS."""
    script = ["sh", str(DEPLOYED / "hosts.sh")]
    environment = {"PATH": os.environ["PATH"], "ORATIO_ALLOWED_HOSTS": allowed_hosts}
    return subprocess.run(script, env=environment, capture_output=True, text=True, check=True).stdout


def _server_parameters() -> list[str]:
    """The parameters of the servers in the deployed file, such as ` max_fails=1`."""
    content = (DEPLOYED / "gateways.conf").read_text()
    found = re.findall(r"^server \S+ resolve(.*);$", content, re.MULTILINE)
    assert found, "deploy/nginx/gateways.conf has no line `server NAME:PORT resolve …;`"
    return found


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
