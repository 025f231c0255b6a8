"""Refuses requests that a page of another site makes with the browser of a user who can reach this service."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api import error_handlers
from api.http.hosts import AllowedHosts
from common.errors import Forbidden, ForeignHost, OratioError

# They change nothing, and browsers do not show their responses to pages of other sites.
_SAFE_METHODS = frozenset({"GET", "HEAD"})
# Values of Sec-Fetch-Site for pages of this service, and for requests that no page made.
_OWN_SITE = frozenset({b"same-origin", b"none"})

_POLICY_VIOLATION = 1008


class SiteGuard:
    """Refuses foreign hosts, and unsafe requests and WebSockets of pages of other sites.

    Programs send neither Origin nor Sec-Fetch-Site, so only their host is checked.
    """

    def __init__(self, app: ASGIApp, *, hosts: AllowedHosts, origins: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            await error_handlers.response_for(refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> OratioError | None:
        host = origin = site = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = host + b"," + value if host else value  # no list of hosts is allowed
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
        if not self._hosts.allows(host):
            return ForeignHost()
        if scope.get("method") in _SAFE_METHODS or not self._is_foreign(origin, site=site, host=host):
            return None
        return Forbidden(
            "A page of another site must not use this service. Add its origin to ORATIO_CORS_ORIGINS to allow it.",
            code="foreign_origin",
        )

    def _is_foreign(self, origin: bytes, *, site: bytes, host: bytes) -> bool:
        if origin in self._origins or site in _OWN_SITE:
            return False
        # Older browsers, and some for WebSockets, send only the origin.
        return bool(site) or (bool(origin) and origin.partition(b"://")[2].lower() != host.lower())
