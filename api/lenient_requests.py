"""Serves HEAD on every path that serves GET, and every path also with a slash at its end."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.request_scope import HEADERS_ONLY

# The studio's page has a slash at the end, and loads its files by relative addresses.
_STUDIO = "/app/"


class LenientRequests:
    """Passes HEAD on as GET, and a path that ends with a slash without the slash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            path, root = scope["path"], scope.get("root_path", "")
            if path.endswith("/") or path == root:
                scope["path"] = _served_path(path, root=root)
            if scope.get("method") == "HEAD":
                await self._send_headers(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _send_headers(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the status and headers of the answer to GET, and stop the application before it makes the body."""

        async def send_headers(message: Message) -> None:
            scope["method"] = "HEAD"  # for the server, which sends no body then
            await send(message)
            await send({"type": "http.response.body", "body": b""})
            raise _HeadersSent

        scope["method"] = "GET"
        scope[HEADERS_ONLY] = True
        try:
            await self._app(scope, receive, send_headers)
        except _HeadersSent:
            pass
        finally:
            scope["method"] = "HEAD"


class _HeadersSent(Exception):
    """Ends a response after its headers."""


def _served_path(path: str, *, root: str) -> str:
    """Return the path of the route. `path` ends with a slash, or equals `root`, the `root_path` of the service."""
    inside = path.removeprefix(root)
    if inside == "/" or inside.startswith(_STUDIO):
        return path
    return path.removesuffix("/") if inside else f"{path}/"
