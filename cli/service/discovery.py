"""Finds a running service, on this machine or at a given URL."""

from cli.program_name import program_name, short_path
from cli.service.address_file import read_address
from cli.service.ports import as_url
from cli.service.probes import fetch_health
from common.settings import Settings


class ServiceNotFound(Exception):
    """No OratioViva service answers, for the data folder or at the URL that the user gave."""


def find_service(settings: Settings) -> str | None:
    """Return the URL of the service of this data folder, else of one at the configured address, else None."""
    address = read_address(settings.data_dir)
    default_url = as_url(settings.host, settings.port)
    candidates = [address.url, default_url] if address else [default_url]
    return next((url for url in candidates if fetch_health(url)), None)


def find_or_raise(settings: Settings, *, advice: str = "") -> str:
    """Like `find_service`, but raise ServiceNotFound if no service answers. `advice` is added to its message."""
    if address := find_service(settings):
        return address
    way_out = f"Start one with `{program_name()} up`, or name a running one with --url or ORATIO_URL."
    raise ServiceNotFound(f"{no_answer(settings)} {way_out} {advice}".rstrip())


def no_answer(settings: Settings) -> str:
    """Return a sentence that names where `find_service` looked."""
    folder = short_path(settings.data_dir.absolute())
    return f"No service answers for the data folder {folder} or at {as_url(settings.host, settings.port)}."


def service_at(url: str) -> str:
    """Return the URL, without a slash at its end, if a service answers there. Raises ServiceNotFound."""
    url = url.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise ServiceNotFound(f"{url!r} is not a URL of a service. A valid one is http://127.0.0.1:8000")
    if not fetch_health(url):
        raise ServiceNotFound(f"No OratioViva service answers at {url}.")
    return url
