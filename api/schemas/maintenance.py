"""What a cleanup took away."""

from api.schemas.wire import Answer


class CleanupReport(Answer):
    """With `dry_run`, what it would take away. `orphans` are files that no recording names."""

    dry_run: bool
    jobs: int
    recordings: int
    files: int
    size_bytes: int
    orphans: int
