"""Asks a service for its state: GET /health, GET /ready and GET /models/status."""

import json
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from common.addresses import is_loopback

# The service answers /health at once. Another program on the port may never answer.
_HEALTH_TIMEOUT_S = 2.0
# Longer than the service waits for the database and the other parts that it checks.
_READY_TIMEOUT_S = 5.0
_MAX_BYTES = 100_000
_MAX_STATUS_BYTES = 5_000_000
_SERVICE = "oratioviva"


def fetch_health(url: str) -> dict[str, Any] | None:
    """Return the health of the OratioViva service at `url`, or None if there is no such service."""
    with suppress(OSError, ValueError):
        answer = json.loads(_get(f"{url}/health", timeout_s=_HEALTH_TIMEOUT_S))
        if isinstance(answer, dict) and answer.get("service") == _SERVICE:
            return answer
    return None


def not_ready_reason(url: str) -> str | None:
    """Return why the service is not ready, or None if it is."""
    try:
        _get(f"{url}/ready", timeout_s=_READY_TIMEOUT_S)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return (
                _failed_checks(refusal.read(_MAX_BYTES)) or f"the gateway answers with status {refusal.code}"
            )
    except (OSError, ValueError) as error:
        return f"the gateway does not answer ({type(error).__name__})"
    return None


def count_live_workers(url: str) -> int:
    """Return how many workers are alive, 0 if the service does not answer."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return int(json.loads(_get(f"{url}/ready", timeout_s=_READY_TIMEOUT_S))["workers_alive"])
    return 0


def fetch_models(url: str) -> list[dict[str, Any]]:
    """Return the models of GET /models/status, an empty list if the service does not answer."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        answer = _get(f"{url}/models/status", timeout_s=_READY_TIMEOUT_S, max_bytes=_MAX_STATUS_BYTES)
        return list(json.loads(answer)["models"])
    return []


def uses_proxy(url: str) -> bool:
    """Return whether a proxy of the environment applies to the URL: not for loopback, which no proxy can reach."""
    return not is_loopback(urlsplit(url).hostname or "")


def _get(url: str, *, timeout_s: float, max_bytes: int = _MAX_BYTES) -> bytes:
    handlers = () if uses_proxy(url) else (urllib.request.ProxyHandler({}),)
    with urllib.request.build_opener(*handlers).open(url, timeout=timeout_s) as answer:
        body: bytes = answer.read(max_bytes)
        return body


def _failed_checks(body: bytes) -> str:
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        checks = json.loads(body)["checks"]
        return ", ".join(f"{name}: {check['message']}" for name, check in checks.items() if not check["ok"])
    return ""
