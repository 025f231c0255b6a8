"""Requests, and what becomes of them: answers, refusals, and waiting where the service says when to come again."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from cli.client.errors import LOST, Failed
from common.addresses import is_loopback

# A stream that says nothing for so long is opened again; the server writes a comment more often than that.
SILENCE_S = 45.0
AGAIN_AFTER_S = 0.5
_TIMEOUT = httpx.Timeout(30.0, read=SILENCE_S)
_COME_AGAIN = (429, 503)

OnWait = Callable[[float, Failed], None]


class Connection:
    """`patience_s` is how long one request may be put off by 429 and 503 in all; `on_wait` hears of every wait."""

    def __init__(self, url: str, *, patience_s: float, on_wait: OnWait | None) -> None:
        # A proxy of the environment cannot reach this machine's loopback.
        uses_proxy = not is_loopback(urlsplit(url).hostname or "")
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT, trust_env=uses_proxy)
        self._patience_s = patience_s
        self._on_wait = on_wait

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, *, lost_within_s: float = 0.0, **given: Any) -> Any:
        """The answer's JSON. Asked again while the connection is lost for no longer than `lost_within_s`."""
        lost_at = time.monotonic() + lost_within_s
        while True:
            try:
                with self.opened(method, path, **given) as answer:
                    answer.read()
                    return _json(answer)
            except Failed as failure:
                if not failure.is_lost or time.monotonic() > lost_at:
                    raise
            time.sleep(AGAIN_AFTER_S)

    @contextmanager
    def opened(self, method: str, path: str, **given: Any) -> Iterator[httpx.Response]:
        """An answer whose body has not been read. What breaks inside of the block is a Failed as well."""
        answer = self.open(method, path, **given)
        try:
            with translated():
                yield answer
        finally:
            answer.close()

    def open(self, method: str, path: str, *, silence_s: float = SILENCE_S, **given: Any) -> httpx.Response:
        """Somebody must close it. `silence_s` is how long the service may say nothing."""
        timeout = httpx.Timeout(_TIMEOUT.connect, read=silence_s)
        give_up_at = time.monotonic() + self._patience_s
        while True:
            with translated():
                request = self._http.build_request(method, path, timeout=timeout, **given)
                answer = self._http.send(request, stream=True)
                if not answer.is_error:
                    return answer
                refusal = _refusal(answer)
            self._wait(refusal, give_up_at)

    def _wait(self, refusal: Failed, give_up_at: float) -> None:
        """Raises the refusal when there is no point in coming again, or no patience left."""
        if refusal.status not in _COME_AGAIN:
            raise refusal
        wait_s = max(AGAIN_AFTER_S, refusal.retry_after_s or 0.0)
        if time.monotonic() + wait_s > give_up_at:
            raise refusal
        if self._on_wait:
            self._on_wait(wait_s, refusal)
        time.sleep(wait_s)


@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise Failed(f"The service went away: {error or type(error).__name__}", LOST) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Failed(f"The service's answer cannot be read: {error}", "unexpected_answer") from error


def _refusal(answer: httpx.Response) -> Failed:
    """Reads the answer to its end."""
    try:
        answer.read()
    finally:
        answer.close()
    try:
        said = answer.json()["error"]
        message, code = str(said["message"]), str(said["code"])
    except (ValueError, KeyError, TypeError):
        said = {}
        message, code = (
            f"The service answered {answer.status_code} {answer.reason_phrase}.",
            "unexpected_answer",
        )
    return Failed(
        message,
        code,
        status=answer.status_code,
        param=said.get("param"),
        retry_after_s=retry_after_s(answer.headers),
        job_id=said.get("job_id"),
    )


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Of a number of seconds or a date (RFC 9110, 10.2.3); None without a header, or one that is neither."""
    said = headers.get("retry-after", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (until.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise Failed(
            "The service's answer is not JSON.", "unexpected_answer", status=answer.status_code
        ) from None
