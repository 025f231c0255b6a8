"""Translates failures of hosted inference into EngineError."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from worker.engines.protocol import EngineError

_MAX_WAIT_S = 3600.0
# Client errors that are temporary.
_RETRYABLE_STATUSES = frozenset({408, 425, 429})
_CHECK_TOKEN = "Check that HF_TOKEN is valid and may call inference providers."  # noqa: S105 - not a token
_ADVICE = {
    401: _CHECK_TOKEN,
    402: "The account has no inference credits left. Buy more, or use a local voice.",
    403: _CHECK_TOKEN,
    404: "No provider serves this model. Choose another voice, or check ORATIO_INFERENCE_URL.",
}
_DEFAULT_ADVICE = "It does not accept this text with this voice. Change them, or use a local voice."


def to_engine_error(error: Exception) -> EngineError:
    """Translate an exception of InferenceClient. The message quotes nothing from it, since it may hold the text."""
    import httpx2

    response = getattr(error, "response", None)
    if response is not None:
        return _error_for_status(response)
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return _unavailable_error("Hosted inference did not answer in time.")
    if isinstance(error, httpx2.RequestError | OSError):
        return _unavailable_error(
            "Hosted inference cannot be reached. Check the network and ORATIO_INFERENCE_URL."
        )
    if isinstance(error, json.JSONDecodeError | LookupError):
        return _unavailable_error("The answer of hosted inference has an unknown format.")
    if isinstance(error, ValueError | httpx2.InvalidURL):
        return EngineError("provider_rejected", f"Hosted inference cannot speak this. {_ADVICE[404]}")
    return EngineError("engine_failed", f"Calling hosted inference failed ({type(error).__name__}).")


def _error_for_status(response: Any) -> EngineError:
    status: int = response.status_code
    if 400 <= status < 500 and status not in _RETRYABLE_STATUSES:
        return EngineError(
            "provider_rejected",
            f"Hosted inference refused the request ({status}). {_ADVICE.get(status, _DEFAULT_ADVICE)}",
        )
    busy = "received too many requests" if status == 429 else "is not available"
    return _unavailable_error(f"Hosted inference {busy} ({status}).", retry_after_s=_retry_after_s(response))


def _unavailable_error(message: str, *, retry_after_s: float | None = None) -> EngineError:
    return EngineError("provider_unavailable", message, retryable=True, retry_after_s=retry_after_s)


def _retry_after_s(response: Any) -> float | None:
    """Return the wait in seconds from the header Retry-After, or from the estimate of a model that is loading."""
    try:
        wait_s = _retry_header_s(response.headers) or float(response.json()["estimated_time"])
    except (ValueError, TypeError, LookupError):
        return None
    return min(wait_s, _MAX_WAIT_S) if wait_s > 0 else None


def _retry_header_s(headers: Any) -> float | None:
    value = headers.get("Retry-After", "").strip()
    if not value or value.isdecimal():
        return float(value or 0)
    until = parsedate_to_datetime(value)
    # Prefer the provider's clock: the clock of this machine may be wrong.
    now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
    return (until - now).total_seconds()
