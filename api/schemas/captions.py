"""Captions: the times of the segments and words of a recording."""

from typing import Literal

from api.schemas.base import ResponseModel

CaptionFormat = Literal["srt", "vtt", "json", "ass"]


class CaptionWord(ResponseModel):
    """`start` and `end` (exclusive) are positions in the text of the job, in code points."""

    text: str
    start_s: float
    end_s: float
    start: int
    end: int


class CaptionSegment(ResponseModel):
    """`words` is empty if the model does not provide word times."""

    index: int
    start_s: float
    end_s: float
    start: int
    end: int
    text: str
    voice_id: str | None
    words: list[CaptionWord]


class CaptionDocument(ResponseModel):
    job_id: str
    duration_s: float
    segments: list[CaptionSegment]
