"""What a failed call to hosted inference means: who must do what, and when to try again."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from worker.engines.protocol import EngineError

_MAX_WAIT_S = 3600.0
# Client errors that pass by themselves.
_RETRYABLE_STATUSES = frozenset({408, 425, 429})
_CHECK_TOKEN = "Check HF_TOKEN: it must be valid and allowed to call inference providers."  # noqa: S105 - not a token
_ADVICE = {
    401: _CHECK_TOKEN,
    402: "The account's inference credits are used up: buy more, or use a local voice.",
    403: _CHECK_TOKEN,
    404: "No provider serves this model: choose another voice, or check ORATIO_INFERENCE_URL.",
}
_DEFAULT_ADVICE = "It doesn't accept this text with this voice: change them, or use a local voice."


def to_engine_error(error: Exception) -> EngineError:
    """The error to show for whatever InferenceClient raised; it quotes nothing from it."""
    import httpx2

    response = getattr(error, "response", None)
    if response is not None:
        return _error_for_status(response)
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return _unavailable_error("Hosted inference did not answer in time.")
    if isinstance(error, httpx2.RequestError | OSError):
        return _unavailable_error(
            "Hosted inference cannot be reached: check the network and ORATIO_INFERENCE_URL."
        )
    if isinstance(error, json.JSONDecodeError | LookupError):
        return _unavailable_error("Hosted inference answered in a form that is not known here.")
    if isinstance(error, ValueError | httpx2.InvalidURL):
        return EngineError("provider_rejected", f"Hosted inference cannot speak this. {_ADVICE[404]}")
    return EngineError("engine_failed", f"Calling hosted inference failed ({type(error).__name__}).")


def _error_for_status(response: Any) -> EngineError:
    status: int = response.status_code
    if 400 <= status < 500 and status not in _RETRYABLE_STATUSES:
        return EngineError(
            "provider_rejected",
            f"Hosted inference refused ({status}). {_ADVICE.get(status, _DEFAULT_ADVICE)}",
        )
    busy = "has too many requests" if status == 429 else "is not available"
    return _unavailable_error(f"Hosted inference {busy} ({status}).", retry_after_s=_retry_after_s(response))


def _unavailable_error(message: str, *, retry_after_s: float | None = None) -> EngineError:
    return EngineError("provider_unavailable", message, retryable=True, retry_after_s=retry_after_s)


def _retry_after_s(response: Any) -> float | None:
    """From the header, in either of its forms, or from the estimate of a model that is still loading."""
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
    # The provider's own clock, where it says: ours may be wrong.
    now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
    return (until - now).total_seconds()
