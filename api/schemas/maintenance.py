"""The cleanup request and its report."""

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
