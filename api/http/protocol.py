"""How the gateway speaks HTTP: Uvicorn's protocol, with two changes."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.http.http10 import unchunked

# A proxy that has just connected sends its request within this time.
FIRST_REQUEST_WITHIN_S = 1.0


class HttpProtocol(HttpToolsProtocol):
    """HTTP/1.0 clients get no chunks, and a stop does not close a connection that waits for its first request.

    A proxy may not repeat a POST that it sent on a connection which was closed.
    """

    def on_headers_complete(self) -> None:
        app = self.app
        if self.parser.get_http_version() == "1.0":
            # Uvicorn closes the connection after such a request, so this is its only one.
            self.app = unchunked(app, lambda: self.cycle)
        super().on_headers_complete()
        self.app = app

    def shutdown(self) -> None:
        if self.cycle is None:
            self.loop.call_later(FIRST_REQUEST_WITHIN_S, self._close_without_request)
        else:
            super().shutdown()

    def _close_without_request(self) -> None:
        if self.cycle is None:
            self.transport.close()
