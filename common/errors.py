"""The errors that clients see, with their HTTP status, type and code."""

from typing import ClassVar


class OratioError(Exception):
    """Base class. `message` says what is wrong and what to do. It never contains the text of a job."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    code: str = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
        job_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.param = param
        self.retry_after_s = retry_after_s
        self.job_id = job_id


class InvalidRequest(OratioError):
    status, type, code = 400, "invalid_request_error", "invalid_request"


class Forbidden(OratioError):
    status, type, code = 403, "permission_error", "forbidden"


class NotFound(OratioError):
    status, type, code = 404, "not_found_error", "not_found"


class Conflict(OratioError):
    status, type, code = 409, "conflict_error", "conflict"


class Gone(OratioError):
    status, type, code = 410, "not_found_error", "deleted"


class TooLarge(OratioError):
    status, type, code = 413, "invalid_request_error", "too_large"


class RangeNotSatisfiable(OratioError):
    status, type, code = 416, "invalid_request_error", "range_not_satisfiable"


class ForeignHost(OratioError):
    """The Host header names another service."""

    status, type, code = 421, "invalid_request_error", "foreign_host"

    def __init__(self) -> None:
        super().__init__(
            "This service does not answer to this host name. Use localhost or an IP address, or add the name to"
            " ORATIO_ALLOWED_HOSTS."
        )


class SynthesisFailed(OratioError):
    status, type, code = 502, "synthesis_error", "engine_failed"


class SynthesisTimedOut(OratioError):
    status, type, code = 504, "synthesis_error", "timeout"


class Unavailable(OratioError):
    status, type, code = 503, "unavailable_error", "unavailable"


class InsufficientStorage(OratioError):
    """The disk of the database is full."""

    status, type, code = 507, "unavailable_error", "storage_full"

    def __init__(self) -> None:
        message = "The disk of the service is full. Delete recordings, or try again later."
        super().__init__(message, retry_after_s=60.0)


class QueueFull(Unavailable):
    code = "queue_full"


class NoWorker(Unavailable):
    code = "no_worker"


class DatabaseUnavailable(Unavailable):
    code = "database_unavailable"
