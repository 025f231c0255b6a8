"""A service that already runs on this machine, or where the user says."""

from cli.service.address_file import read_address
from cli.service.ports import as_url
from cli.service.probes import fetch_health
from common.settings import Settings


class ServiceNotFound(Exception):
    """No service of ours where the user said there is one."""


def find_service(settings: Settings) -> str | None:
    """The service of this data folder, else one on the usual port."""
    address = read_address(settings.data_dir)
    default_url = as_url(settings.host, settings.port)
    candidates = [address.url, default_url] if address else [default_url]
    return next((url for url in candidates if fetch_health(url)), None)


def service_at(url: str) -> str:
    """The address that the user gave. Raises NotFound."""
    url = url.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise ServiceNotFound(f"{url!r} is not an address; it looks like http://127.0.0.1:8000")
    if not fetch_health(url):
        raise ServiceNotFound(f"No OratioViva answers at {url}.")
    return url
