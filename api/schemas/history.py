"""Recordings: the results of jobs, for as long as they are stored."""

import unicodedata
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

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


class RenameRequest(RequestModel):
    title: Title


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


class History(ResponseModel):
    items: list[RecordingView]
    next_cursor: str | None
