"""The access log: one JSON line per request, without structlog because it is written most often."""

import json
import logging
import sys
from datetime import UTC, datetime

_NAME = "api.access"
_log = logging.getLogger(_NAME)


def configure() -> None:
    """Write lines as they are, since they are complete JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    _log.handlers[:] = [handler]
    _log.propagate = False


def write(
    *, method: str, path: str, status: int, duration_ms: float, request_id: str, job_id: str | None
) -> None:
    if not _log.isEnabledFor(logging.INFO):
        return
    line = {
        "event": "request",
        "method": method,
        "path": path,
        "status": status,
        "duration_ms": duration_ms,
        "request_id": request_id,
        "job_id": job_id,
        "level": "info",
        "logger": _NAME,
        "timestamp": datetime.now(UTC).isoformat(),
        "process": "gateway",
    }
    _log.info(json.dumps(line))
