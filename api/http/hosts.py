"""The host names that this service answers to.

A page of another site can let its own name point to this machine (DNS rebinding). Browsers then take its requests for
requests of the same site, and only the Host header tells them apart. An IP address as the host cannot be rebound.
"""

import ipaddress
import re
from functools import lru_cache

from common.settings import ANY_HOST

_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9_.-]+?)\.?)(?::[0-9]*)?")
# Host headers whose answer is remembered. A header has up to 64 KB.
_REMEMBERED = 32


class AllowedHosts:
    """Allows IP addresses, `localhost`, names below it, and `names`, in lower case and each with any port."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self.allows = lru_cache(_REMEMBERED)(self._allows)

    def _allows(self, host: bytes) -> bool:
        """Return whether a Host header is allowed. Programs that speak HTTP/1.0 may send none; browsers always do."""
        if not host or ANY_HOST in self._names:
            return True
        found = _HOST.fullmatch(host.decode("latin-1").lower())
        if found is None:
            return False
        name = found["name"]
        if name is None:
            return _is_address(found["ipv6"])
        is_loopback_name = name == "localhost" or name.endswith(".localhost")
        return is_loopback_name or name in self._names or _is_address(name)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
