"""The two kinds of messages: strict about what they are told, plain about what they tell."""

from pydantic import BaseModel, ConfigDict


class RequestModel(BaseModel):
    """Types are not converted: `"1.5"` is no number. Unknown keys are ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class ResponseModel(BaseModel):
    model_config = ConfigDict(frozen=True)
