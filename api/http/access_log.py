"""The access log: one JSON line per request.

It is written most often, so it uses neither structlog nor the handlers of `logging`, only the level.
"""

import json
import logging
import sys
from datetime import UTC, datetime

_NAME = "api.access"
_log = logging.getLogger(_NAME)


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
    sys.stderr.write(json.dumps(line) + "\n")
