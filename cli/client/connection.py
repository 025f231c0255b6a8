"""Sends requests, retries them when the service is busy, and turns failures into ClientError."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from cli.client.errors import CONNECTION_LOST, ClientError
from common.addresses import is_loopback

# A stream without data for this long is reopened. The server sends comments more often than that.
READ_TIMEOUT_S = 45.0
RETRY_DELAY_S = 0.5
_TIMEOUT = httpx.Timeout(30.0, read=READ_TIMEOUT_S)
_RETRY_STATUSES = (429, 503)

OnWait = Callable[[float, ClientError], None]


class Connection:
    """A connection to one service.

    `max_wait_s` limits the total time for which one request is retried after 429 and 503. `on_wait` is called before
    each of these waits, with its length in seconds and the error.
    """

    def __init__(self, url: str, *, max_wait_s: float, on_wait: OnWait | None) -> None:
        # A proxy set in the environment cannot reach the loopback interface of this machine.
        uses_proxy = not is_loopback(urlsplit(url).hostname or "")
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT, trust_env=uses_proxy)
        self._max_wait_s = max_wait_s
        self._on_wait = on_wait

    def close(self) -> None:
        self._http.close()

    def request_json(
        self, method: str, path: str, *, retry_for_s: float = 0.0, **request_options: Any
    ) -> Any:
        """Return the JSON of the response. If the connection breaks, retry for `retry_for_s` seconds."""
        lost_at = time.monotonic() + retry_for_s
        while True:
            try:
                with self.open(method, path, **request_options) as response:
                    response.read()
                    return _json(response)
            except ClientError as failure:
                if not failure.is_lost or time.monotonic() > lost_at:
                    raise
            time.sleep(RETRY_DELAY_S)

    @contextmanager
    def open(self, method: str, path: str, **request_options: Any) -> Iterator[httpx.Response]:
        """Yield a response whose body is not read yet. Connection errors inside the block raise ClientError too."""
        response = self.send(method, path, **request_options)
        try:
            with translate_errors():
                yield response
        finally:
            response.close()

    def send(
        self, method: str, path: str, *, read_timeout_s: float = READ_TIMEOUT_S, **request_options: Any
    ) -> httpx.Response:
        """Return a response whose body is not read yet; the caller must close it.

        `read_timeout_s` limits the time without data.
        """
        timeout = httpx.Timeout(_TIMEOUT.connect, read=read_timeout_s)
        give_up_at = time.monotonic() + self._max_wait_s
        while True:
            with translate_errors():
                request = self._http.build_request(method, path, timeout=timeout, **request_options)
                response = self._http.send(request, stream=True)
                if not response.is_error:
                    return response
                error = _read_error(response)
            self._wait_or_raise(error, give_up_at)

    def _wait_or_raise(self, error: ClientError, give_up_at: float) -> None:
        """Wait before a retry. Raise the error if a retry is pointless or would come too late."""
        if error.status not in _RETRY_STATUSES:
            raise error
        wait_s = max(RETRY_DELAY_S, error.retry_after_s or 0.0)
        if time.monotonic() + wait_s > give_up_at:
            raise error
        if self._on_wait:
            self._on_wait(wait_s, error)
        time.sleep(wait_s)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn errors of httpx into ClientError."""
    try:
        yield
    except httpx.TransportError as error:
        raise ClientError(
            f"The connection to the service was lost: {error or type(error).__name__}", CONNECTION_LOST
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ClientError(
            f"The response of the service cannot be read: {error}", "unexpected_answer"
        ) from error


def _read_error(response: httpx.Response) -> ClientError:
    """Read an error response and return it as a ClientError."""
    try:
        response.read()
    finally:
        response.close()
    try:
        error = response.json()["error"]
        message, code = str(error["message"]), str(error["code"])
    except (ValueError, KeyError, TypeError):
        error = {}
        message, code = (
            f"The service answered {response.status_code} {response.reason_phrase}.",
            "unexpected_answer",
        )
    return ClientError(
        message,
        code,
        status=response.status_code,
        param=error.get("param"),
        retry_after_s=retry_after_s(response.headers),
        job_id=error.get("job_id"),
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, which holds a number or a date (RFC 9110, 10.2.3).

    Return None if the header is missing or invalid.
    """
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        raise ClientError(
            "The response of the service is not JSON.", "unexpected_answer", status=response.status_code
        ) from None
