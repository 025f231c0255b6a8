"""Finds a running service, on this machine or at a given URL."""

from cli.service.address_file import read_address
from cli.service.ports import as_url
from cli.service.probes import fetch_health
from common.settings import Settings


class ServiceNotFound(Exception):
    """No OratioViva service answers at the URL that the user gave."""


def find_service(settings: Settings) -> str | None:
    """Return the URL of the service of this data folder, else of one at the configured address, else None."""
    address = read_address(settings.data_dir)
    default_url = as_url(settings.host, settings.port)
    candidates = [address.url, default_url] if address else [default_url]
    return next((url for url in candidates if fetch_health(url)), None)


def service_at(url: str) -> str:
    """Return the URL, without a slash at its end, if a service answers there. Raises ServiceNotFound."""
    url = url.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise ServiceNotFound(f"{url!r} is not a URL of a service. A valid one is http://127.0.0.1:8000")
    if not fetch_health(url):
        raise ServiceNotFound(f"No OratioViva service answers at {url}.")
    return url
