"""Recordings: what was spoken, for as long as it is kept."""

from datetime import datetime

from api.schemas.wire import Answer


class RecordingView(Answer):
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


class History(Answer):
    items: list[RecordingView]
    next_cursor: str | None
