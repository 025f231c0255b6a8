"""A service that already runs on this machine, or where the user says."""

import json
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

from cli.claim import published_address
from cli.ports import as_url
from common.settings import Settings

# What together only our own answer to GET /health holds.
_OURS = {"version", "provider", "broker_ok", "workers_alive"}
_PROBE_S = 2.0


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


def health(url: str) -> dict[str, Any] | None:
    """What GET /health says, when it is one of ours that says it."""
    with suppress(urllib.error.URLError, OSError, ValueError):
        with urllib.request.urlopen(f"{url}/health", timeout=_PROBE_S) as answer:  # noqa: S310  # checked, or our own
            said = json.loads(answer.read(100_000))
        if isinstance(said, dict) and said.keys() >= _OURS:
            return said
    return None
