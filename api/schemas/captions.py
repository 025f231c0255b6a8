"""When each segment and word of a recording is heard."""

from api.schemas.base import ResponseModel


class CaptionWord(ResponseModel):
    """Characters [start, end) of the job's text, counted in code points."""

    text: str
    start_s: float
    end_s: float
    start: int
    end: int


class CaptionSegment(ResponseModel):
    """`words` is empty where the model does not tell when they are heard."""

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
