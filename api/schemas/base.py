"""Base classes of request and response bodies."""

from pydantic import BaseModel, ConfigDict


class RequestModel(BaseModel):
    """Strict: types are not converted, so `"1.5"` is not a number. Unknown keys are ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class ResponseModel(BaseModel):
    model_config = ConfigDict(frozen=True)
