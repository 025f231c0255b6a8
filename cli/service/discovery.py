"""A service that already runs on this machine, or where the user says."""

from cli.service.address_file import published_address
from cli.service.ports import as_url
from cli.service.probes import health
from common.settings import Settings


class NotFound(Exception):
    """No service of ours where the user said there is one."""


def find(settings: Settings) -> str | None:
    """The service of this data folder, else one on the usual port."""
    address = published_address(settings.data_dir)
    usual = as_url(settings.host, settings.port)
    places = [address.url, usual] if address else [usual]
    return next((url for url in places if health(url)), None)


def at(url: str) -> str:
    """The address that the user gave. Raises NotFound."""
    url = url.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise NotFound(f"{url!r} is not an address; it looks like http://127.0.0.1:8000")
    if not health(url):
        raise NotFound(f"No OratioViva answers at {url}.")
    return url
