"""The retention, and the cleanup request and its report."""

from datetime import datetime

from pydantic import Field

from api.schemas.base import RequestModel, ResponseModel


class CleanupRequest(RequestModel):
    """`dry_run` is accepted in the query and in the body, so that a request to count never deletes anything."""

    dry_run: bool = False


class CleanupReport(ResponseModel):
    """Number of deleted objects, or of those that `dry_run` would delete. `orphans` are files without a recording."""

    dry_run: bool
    jobs: int
    recordings: int
    files: int
    size_bytes: int
    orphans: int
    is_at_least: bool = Field(
        description="True if there is more. A dry run counts up to 500 jobs and recordings, among 10,000 files."
    )


class Retention(ResponseModel):
    """The limits of recordings, and what they delete next. Null is no limit. Kept recordings do not count."""

    max_age_hours: float | None
    max_recordings: int | None
    recordings: int = Field(description="All recordings, with the kept ones.")
    kept: int
    due: int = Field(
        description="Recordings that are deleted within a day, or within half of `max_age_hours` if that is less."
    )
    next_at: datetime | None = Field(description="When the oldest recording reaches `max_age_hours`.")
