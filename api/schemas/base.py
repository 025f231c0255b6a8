"""Base classes of request and response bodies."""

from pydantic import BaseModel, ConfigDict


class RequestModel(BaseModel):
    """Strict: types are not converted, so `"1.5"` is not a number. Unknown keys are ignored."""

    # Errors that are logged must not repeat texts.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)


class ResponseModel(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)
