"""Recordings: what was spoken, for as long as it is kept."""

import unicodedata
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from api.schemas.base import RequestModel, ResponseModel

# Controls, half surrogate pairs, and what ends a line or a paragraph.
_NOT_IN_TITLES = ("Cc", "Cs", "Zl", "Zp")
# Marks without anything to stand on, signs that only direct others, blanks of any width.
_NOT_SEEN = ("Cf", "Mn", "Me", "Zs")


def _in_one_line(title: str) -> str:
    if any(unicodedata.category(char) in _NOT_IN_TITLES for char in title):
        raise ValueError("a title is one line, without control characters")
    if all(unicodedata.category(char) in _NOT_SEEN for char in title):
        raise ValueError("a title has something to see in it")
    return title


Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_in_one_line),
]


class RenameRequest(RequestModel):
    title: Title


class RecordingView(ResponseModel):
    """Its audio stays when the job's row is removed by retention."""

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
