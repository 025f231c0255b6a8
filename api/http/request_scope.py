"""Values that middleware and routes keep in the ASGI scope of a request."""

import structlog
from starlette.requests import Request

# Set for HEAD, which routes see as GET. A route must not start work for it.
HEADERS_ONLY = "oratio.headers_only"


def wants_headers_only(request: Request) -> bool:
    return HEADERS_ONLY in request.scope


def request_id(request: Request) -> str | None:
    return request.scope.get("oratio.request_id")


def note_job(request: Request, job_id: str) -> None:
    """Name the job in every later log line of this request."""
    request.scope["oratio.job_id"] = job_id
    structlog.contextvars.bind_contextvars(job_id=job_id)


def address(request: Request, path: str) -> str:
    """Return `path` as a client must request it: below the prefix that a proxy serves this service under."""
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/") + path
