"""Checks the gateway: its address, its port, and whether it runs."""

from collections.abc import Iterator

from cli.commands.doctor.result import CheckResult
from cli.program_name import program_name
from cli.service import discovery, ports
from cli.service.probes import fetch_health, not_ready_reason
from common.addresses import is_loopback
from common.settings import Settings


def check_gateway(settings: Settings) -> Iterator[CheckResult]:
    """Check the running service, or else the address and port that the gateway would use."""
    host, port = settings.host, settings.port
    if not is_loopback(host) and not settings.allow_open:
        advice = "Set ORATIO_HOST=127.0.0.1, or ORATIO_ALLOW_OPEN=1 if everyone in your network may use the service."
        yield CheckResult(
            "Address",
            "problem",
            f"{host} is open to other machines, and the service has no authentication",
            advice,
        )
    url = discovery.find_service(settings)
    if url:
        yield _running_service(url)
        return
    try:
        free = ports.is_free(host, port)
    except OSError as error:
        advice = "Set ORATIO_HOST to an address of this machine."
        yield CheckResult(
            "Address", "problem", f"cannot listen on {host}, port {port}: {error.strerror or error}", advice
        )
        return
    if not free:
        advice = f"Choose another port with ORATIO_PORT or `{program_name()} up --port`."
        yield CheckResult("Port", "problem", f"{port} on {host} is in use by another program", advice)
        return
    yield CheckResult("Port", "ok", f"{port} on {host} is free")
    message = discovery.no_answer(settings).removesuffix(".")
    advice = (
        f"Start one with `{program_name()} up`. If one runs with another data folder, set ORATIO_DATA_DIR to check it; "
        "other commands reach it with --url or ORATIO_URL."
    )
    yield CheckResult("Service", "note", message[0].lower() + message[1:], advice)


def _running_service(url: str) -> CheckResult:
    health = fetch_health(url) or {}
    message = f"{url}, version {health.get('version')}, workers: {health.get('workers_alive')}"
    if missing := not_ready_reason(url):
        advice = "Read the logs in the folder `logs` of its data folder."
        return CheckResult("Service", "problem", f"{message}, not ready: {missing}", advice)
    return CheckResult("Service", "ok", f"{message}, ready")
