"""Every error in the one shape, whoever raised it."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from obstore.exceptions import BaseError as StoreError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from api.schemas.error import ErrorResponse
from common.db.database import DATABASE_AWAY
from common.errors import DatabaseUnavailable, OratioError, Unavailable
from common.telemetry import get_logger

log = get_logger(__name__)

Responses = dict[int | str, dict[str, Any]]

# What the framework refuses by itself: type, code, message.
_BY_STATUS = {
    400: ("invalid_request_error", "invalid_body", "The body could not be read: send a JSON object."),
    404: ("not_found_error", "not_found", "There is nothing at this path; GET /openapi.json lists what is."),
    405: (
        "invalid_request_error",
        "method_not_allowed",
        "This path does not know this method; the Allow header names those it knows.",
    ),
    413: ("invalid_request_error", "too_large", "The body is larger than this service takes."),
}

_DESCRIPTIONS = {
    400: "The request does not validate; `param` names the field.",
    404: "Unknown id or voice.",
    409: "Not possible in the state that things are in.",
    410: "It was deleted, or its audio is gone.",
    413: "Body or text too large.",
    416: "The range begins behind the end.",
    502: "The job failed; `job_id` names it.",
    503: "Full, or something that is needed does not answer; `Retry-After` says when to try again.",
    504: "The job failed because its model hung.",
}


def documented_errors(*statuses: int) -> Responses:
    """The error answers of a route, for its OpenAPI entry. 503 goes with everything that asks the database."""
    return {
        status: {"model": ErrorResponse, "description": _DESCRIPTIONS[status]} for status in (*statuses, 503)
    }


def error_response(
    status: int,
    message: str,
    *,
    type: str,  # noqa: A002  # its name on the wire
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
        "Something went wrong here; the service's log has the reason under this answer's x-request-id.",
        type="server_error",
        code="internal_error",
    )


def install(app: FastAPI) -> None:
    app.add_exception_handler(OratioError, _handle_oratio_error)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_exception)
    for database_error in DATABASE_AWAY:
        app.add_exception_handler(database_error, _handle_database_error)
    app.add_exception_handler(StoreError, _handle_store_error)


async def _handle_oratio_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OratioError)  # noqa: S101  # registered for it
    return response_for(error)


async def _handle_database_error(_request: Request, error: Exception) -> JSONResponse:
    log.warning("database does not answer", error=type(error).__name__)
    return response_for(DatabaseUnavailable("The database does not answer; try again."))


async def _handle_store_error(_request: Request, error: Exception) -> JSONResponse:
    log.warning("store does not answer", error=type(error).__name__)
    return response_for(Unavailable("The store does not answer; try again.", code="store_unavailable"))


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
    """Field, code and message of a validation error. What the caller sent is never repeated."""
    if first["type"] == "json_invalid":
        return None, "invalid_json", f"The body is not valid JSON (at character {first['loc'][-1]})."
    field = ".".join(str(step) for step in first["loc"][1:])
    if not field:
        return None, "invalid_body", "Send a JSON object, with the header Content-Type: application/json."
    if first["type"] == "missing":
        return field, "missing_field", f"{field} is required."
    return field, "invalid_request", f"{field}: {first['msg']}"
