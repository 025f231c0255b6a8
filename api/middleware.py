"""ASGI middleware: request ids, the access log, common headers, and the limit on bodies."""

import re
import secrets
import time

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import error_handlers
from api.http import access_log
from common.logs import get_logger

log = get_logger(__name__)

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# The status that nginx logs for a client that disconnected.
_CLIENT_GONE = 499
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_CLOSE = (b"connection", b"close")


class RequestLog:
    """Gives each request an id (the caller's, if it is well-formed), logs it, and handles unexpected exceptions."""

    def __init__(self, app: ASGIApp, *, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._root_path and scope["type"] in ("http", "websocket"):
            scope["root_path"] = self._root_path
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0
        request_id = _request_id(scope)
        scope["oratio.request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [(b"x-request-id", request_id.encode()), _NOSNIFF]
                if scope["app"].state.draining:
                    headers.append(_CLOSE)
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:  # there is nobody to respond to
            status = status or _CLIENT_GONE
        except Exception:
            log.exception("unexpected failure")
            if status:  # the response has started, so the connection must break
                raise
            await error_handlers.internal_error()(scope, receive, send_with_headers)
        finally:
            _log(scope, status=status, started=started)


class BodyLimit:
    """Counts bytes as they arrive, because Content-Length may be missing or wrong."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _content_length(scope) > self._max_bytes:
            await self._too_large()(scope, receive, send)
            return
        received_bytes = 0

        async def receive_counted() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > self._max_bytes:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_counted, send)

    def _too_large(self) -> ASGIApp:
        return error_handlers.error_response(
            413,
            f"The body is larger than the limit of {self._max_bytes} bytes.",
            type="invalid_request_error",
            code="too_large",
        )


def _request_id(scope: Scope) -> str:
    given = _header(scope, b"x-request-id")
    return given.decode() if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _content_length(scope: Scope) -> int:
    length = _header(scope, b"content-length")
    return int(length) if length.isdigit() else 0


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


def _log(scope: Scope, *, status: int, started: float) -> None:
    route = scope.get("route")
    access_log.write(
        method=scope["method"],
        path=getattr(route, "path", None) or scope["path"][:200],
        status=status,
        duration_ms=round((time.perf_counter() - started) * 1000, 2),
        request_id=scope["oratio.request_id"],
        job_id=scope.get("oratio.job_id") or scope.get("path_params", {}).get("job_id"),
    )
