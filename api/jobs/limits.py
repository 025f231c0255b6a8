"""Limits of lists and batches that come from the settings."""

from api.schemas.job import JobIds
from common.errors import InvalidRequest
from common.settings import Settings


def check_limit(limit: int, settings: Settings) -> None:
    """Raises InvalidRequest."""
    if limit > settings.list_limit_max:
        raise InvalidRequest(f"limit must be from 1 to {settings.list_limit_max}.", param="limit")


def checked_ids(body: JobIds, settings: Settings) -> list[str]:
    """Return the ids without duplicates, in the same order. Raises InvalidRequest."""
    if len(body.job_ids) > settings.max_batch_ids:
        raise InvalidRequest(f"job_ids must have from 1 to {settings.max_batch_ids} ids.", param="job_ids")
    # Half a surrogate pair can neither be queried nor encoded in the response. Replaced, it still matches no job.
    cleaned = (job_id.encode("utf-8", "replace").decode() for job_id in body.job_ids)
    return list(dict.fromkeys(cleaned))
