"""Error responses: every error has the same shape, also those that the framework raises."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from api.schemas.error import ErrorResponse
from common.db.database import DATABASE_DOWN, is_disk_full
from common.errors import DatabaseUnavailable, InsufficientStorage, OratioError, Unavailable
from common.logs import get_logger
from common.store import StoreUnavailable

log = get_logger(__name__)

Responses = dict[int | str, dict[str, Any]]

# Errors that the framework raises: type, code, message.
_BY_STATUS = {
    400: ("invalid_request_error", "invalid_body", "The body could not be read. Send a JSON object."),
    404: ("not_found_error", "not_found", "This path does not exist. GET /openapi.json lists all paths."),
    405: (
        "invalid_request_error",
        "method_not_allowed",
        "This path does not support this method. The Allow header lists the supported methods.",
    ),
    413: ("invalid_request_error", "too_large", "The body is too large."),
}

_DESCRIPTIONS = {
    400: "The request is invalid; `param` names the field.",
    404: "The id or the voice does not exist.",
    409: "Not possible in the current state.",
    410: "Deleted, or its audio was removed.",
    413: "The body or the text is too large.",
    416: "The range starts after the end of the file.",
    502: "The job failed; `job_id` names it.",
    503: "The queue is full, or a required service does not answer. `Retry-After` says when to try again.",
    504: "The job failed because the model did not respond.",
    507: "The disk is full. `Retry-After` says when to try again.",
}


def documented_errors(*statuses: int) -> Responses:
    """Return the error responses of a route for OpenAPI. All routes include 503, since they need the database."""
    return {
        status: {"model": ErrorResponse, "description": _DESCRIPTIONS[status]} for status in (*statuses, 503)
    }


def error_response(
    status: int,
    message: str,
    *,
    type: str,  # noqa: A002  # named as in JSON
    code: str,
    param: str | None = None,
    job_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    error = {"message": message, "type": type, "param": param, "code": code}
    if job_id:
        error["job_id"] = job_id
    return JSONResponse({"error": error}, status_code=status, headers=headers)


def response_for(error: OratioError) -> JSONResponse:
    headers = None
    if isinstance(error, Unavailable) or error.retry_after_s is not None:
        headers = {"Retry-After": str(max(1, math.ceil(error.retry_after_s or 2)))}
    return error_response(
        error.status,
        error.message,
        type=error.type,
        code=error.code,
        param=error.param,
        job_id=error.job_id,
        headers=headers,
    )


def internal_error() -> JSONResponse:
    return error_response(
        500,
        "An internal error occurred. The service's log has the reason, under the x-request-id of this response.",
        type="server_error",
        code="internal_error",
    )


def install(app: FastAPI) -> None:
    app.add_exception_handler(OratioError, _handle_oratio_error)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_exception)
    for database_error in DATABASE_DOWN:
        app.add_exception_handler(database_error, _handle_database_error)
    app.add_exception_handler(StoreUnavailable, _handle_store_error)


async def _handle_oratio_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OratioError)  # noqa: S101  # registered for it
    return response_for(error)


async def _handle_database_error(_request: Request, error: Exception) -> JSONResponse:
    log.warning("database does not answer", error=type(error).__name__)
    return response_for(refusal_of(error))


def refusal_of(error: BaseException) -> OratioError:
    """Return the answer to a database error."""
    if is_disk_full(error):
        return InsufficientStorage()
    return DatabaseUnavailable("The database does not answer. Try again.")


async def _handle_store_error(_request: Request, error: Exception) -> JSONResponse:
    log.warning("store does not answer", error=type(error).__name__)
    return response_for(Unavailable("The store does not answer. Try again.", code="store_unavailable"))


async def _handle_http_exception(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for it
    status = error.status_code
    kind, code, message = _BY_STATUS.get(
        status, ("invalid_request_error", "invalid_request", HTTPStatus(status).phrase)
    )
    return error_response(status, message, type=kind, code=code, headers=error.headers)


async def _handle_validation_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for it
    param, code, message = _describe(error.errors()[0])
    return error_response(400, message, type="invalid_request_error", code=code, param=param)


def _describe(first: dict[str, Any]) -> tuple[str | None, str, str]:
    """Return field, code and message of a validation error. The message never repeats the caller's data."""
    if first["type"] == "json_invalid":
        return None, "invalid_json", f"The body is not valid JSON (at character {first['loc'][-1]})."
    field = ".".join(str(step) for step in first["loc"][1:])
    if not field:
        return None, "invalid_body", "Send a JSON object, with the header Content-Type: application/json."
    if first["type"] == "missing":
        return field, "missing_field", f"{field} is required."
    return field, "invalid_request", f"{field}: {first['msg']}"
