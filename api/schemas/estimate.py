"""The estimate for a text."""

from pydantic import Field

from api.schemas.base import ResponseModel


class Estimate(ResponseModel):
    """For a job sent now: synthesis would start after `wait_s`, and end `synthesis_s` later."""

    voice_id: str
    provider: str | None = Field(
        description="The provider that would be used. Null if the job would be rejected."
    )
    chars: int
    duration_s: float = Field(description="Length of the audio.")
    queue_position: int | None = Field(description="1 is next. Null if the job would be rejected.")
    queue_position_is_at_least: bool = Field(
        description="True if so many jobs are ahead that they were not all counted. Then `wait_s` is null.",
    )
    wait_s: float | None = Field(description="Until a worker is free. Null without a live worker for it.")
    synthesis_s: float = Field(description="Time that a worker needs.")
    measured: bool = Field(
        description="True if based on usage of the last day. Otherwise durations are assumptions."
    )
