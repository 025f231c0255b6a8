"""Recordings: the results of jobs, for as long as they are stored."""

import unicodedata
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from api.schemas.base import RequestModel, ResponseModel

# Control characters, half surrogate pairs, and line and paragraph separators.
_FORBIDDEN_CATEGORIES = ("Cc", "Cs", "Zl", "Zp")
# Combining marks, formatting characters and spaces are invisible on their own.
_INVISIBLE_CATEGORIES = ("Cf", "Mn", "Me", "Zs")


def _check_title(title: str) -> str:
    if any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES for char in title):
        raise ValueError("must be one line without control characters")
    if all(unicodedata.category(char) in _INVISIBLE_CATEGORIES for char in title):
        raise ValueError("must contain a visible character")
    return title


Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_check_title),
]


class RecordingChanges(RequestModel):
    """At least one field. A missing field changes nothing."""

    title: Title = ""
    kept: bool = Field(default=False, description="Whether the retention must not delete the recording.")

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must contain `title` or `kept`")
        return self


class RecordingView(ResponseModel):
    """Its audio remains when retention deletes the job."""

    job_id: str
    title: str
    text: str
    voice_id: str
    model: str
    provider: str
    language: str | None
    speed: float
    style: str | None
    format: str
    duration_s: float
    size_bytes: int
    sample_rate_hz: int
    sha256: str
    audio_url: str
    created_at: datetime
    kept: bool = Field(description="The retention does not delete the recording.")
    expires_at: datetime | None = Field(
        description="When the retention deletes it because of its age. Null if it is kept, or without this limit."
        " The limit on the number of recordings may delete it earlier."
    )
    seed: int | None = Field(description="The seed of the request. Null if it had none.")
    lexicon: dict[str, str] = Field(description="The lexicon of the request.")


class History(ResponseModel):
    items: list[RecordingView]
    next_cursor: str | None
