"""The body of every error response."""

from pydantic import ConfigDict

from api.schemas.base import ResponseModel


class ErrorDetail(ResponseModel):
    """`message` says what to do, `param` names the invalid field, and `job_id` is set if a job exists."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "message": "speed: Input should be less than or equal to 4",
                    "type": "invalid_request_error",
                    "param": "speed",
                    "code": "invalid_request",
                }
            ]
        }
    )

    message: str
    type: str
    param: str | None
    code: str | None
    job_id: str | None = None


class ErrorResponse(ResponseModel):
    error: ErrorDetail
