"""What a text would take."""

from pydantic import Field

from api.schemas.base import ResponseModel


class Estimate(ResponseModel):
    """If it was sent now. The sound could begin after `wait_s`, and all of it be there `synthesis_s` later."""

    voice_id: str
    provider: str | None = Field(description="Where it would be spoken; null when it would be refused.")
    chars: int
    duration_s: float = Field(description="Of the sound.")
    queue_position: int | None = Field(description="1 is next; null with nowhere to wait.")
    wait_s: float | None = Field(
        description="Until a worker has time for it; null when none lives that serves it."
    )
    synthesis_s: float = Field(description="Of a worker's time.")
    measured: bool = Field(
        description="By what was spoken in the last day; else duration and synthesis are guesses."
    )
