"""Checks of the gateway: its address, its port, and whether it runs."""

from collections.abc import Iterator

from cli.commands.doctor.result import Finding
from cli.output.program_name import own_name
from cli.service import discovery, ports
from cli.service.probes import health, unready
from common.addresses import is_loopback
from common.settings import Settings


def address(settings: Settings) -> Iterator[Finding]:
    """Where the gateway listens, or would."""
    host, port = settings.host, settings.port
    if not is_loopback(host) and not settings.allow_open:
        advice = "Set ORATIO_HOST=127.0.0.1, or ORATIO_ALLOW_OPEN=1 if everyone who reaches it may use it."
        yield Finding("Address", "problem", f"{host} is open to other machines and there are no keys", advice)
    url = discovery.find(settings)
    if url:
        yield _running(url)
        return
    try:
        free = ports.is_free(host, port)
    except OSError as error:
        advice = "Set ORATIO_HOST to an address of this machine."
        yield Finding("Address", "problem", f"{host} port {port}: {error.strerror or error}", advice)
        return
    if not free:
        advice = f"Choose another: ORATIO_PORT, or {own_name()} up --port"
        yield Finding("Port", "problem", f"{port} on {host} is in use by another program", advice)
        return
    yield Finding("Port", "ok", f"{port} on {host} is free")
    yield Finding("Service", "note", "none runs here", f"`{own_name()} up` starts one.")


def _running(url: str) -> Finding:
    told = health(url) or {}
    said = f"{url}, version {told.get('version')}, workers: {told.get('workers_alive')}"
    if missing := unready(url):
        advice = "Look into the logs folder of its data folder."
        return Finding("Service", "problem", f"{said}, not ready: {missing}", advice)
    return Finding("Service", "ok", f"{said}, ready")
