"""What a cleanup took away."""

from api.schemas.base import RequestModel, ResponseModel


class CleanupRequest(RequestModel):
    """`dry_run` may stand in the query or in the body: who asks only to count must never be taken to mean removing."""

    dry_run: bool = False


class CleanupReport(ResponseModel):
    """With `dry_run`, what it would take away. `orphans` are files that no recording names."""

    dry_run: bool
    jobs: int
    recordings: int
    files: int
    size_bytes: int
    orphans: int
