"""The error of a failed download, and its messages for each kind of failure."""

import json
from collections.abc import Mapping

from common.catalogue import Repository

# Client errors that are temporary.
_RETRYABLE_STATUSES = frozenset({408, 425, 429})
# Exceptions from parsing an answer that does not have the hub's format.
_UNEXPECTED_ANSWER_ERRORS = (
    json.JSONDecodeError,
    UnicodeDecodeError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
)
_ADVICE_BY_ERROR_CODE = {
    "GatedRepo": "Accept its licence on its page on the hub, and set HF_TOKEN to a token of the same account.",
    "RevisionNotFound": "The hub no longer has the commit that this release needs: update OratioViva, or copy the "
    "files into the models folder by hand.",
    "EntryNotFound": "The hub does not have a file that it lists: try again later.",
}
_ADVICE_ACCESS = (
    "Check that HF_ENDPOINT is a hub that has it, and set HF_TOKEN if it is private or needs a licence."
)
_ADVICE_DEFAULT = "Check HF_ENDPOINT, and HF_TOKEN if one is set."


class DownloadError(Exception):
    """A download failed. The message says what to do; callers see it and it is logged.

    Codes: `download_failed`, `disk_too_small`, `storage_full`. If `retryable`, the same download may succeed later;
    `retry_after_s` is the wait that the hub asked for.
    """

    def __init__(
        self, code: str, message: str, *, retryable: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after_s = retry_after_s


def unreachable_error(repository: Repository) -> DownloadError:
    return _failed(
        repository,
        "no network, or the hub does not answer. Check the connection and HF_ENDPOINT, and try again: the download "
        "resumes where it stopped.",
        retryable=True,
    )


def damaged_file_error(repository: Repository, name: str) -> DownloadError:
    return _failed(
        repository, f"{name} arrived damaged: its checksum is wrong. Try again later.", retryable=True
    )


def missing_file_error(repository: Repository, missing: str) -> DownloadError:
    return _failed(
        repository, f"the repository on the hub has no {missing}. Check HF_ENDPOINT, or update OratioViva."
    )


def endless_listing_error(repository: Repository) -> DownloadError:
    return _failed(repository, "the hub lists too many files for a model. Check HF_ENDPOINT.")


def unexpected_answer_error(repository: Repository) -> DownloadError:
    return _failed(repository, "the answer of the hub has an unknown format. Check HF_ENDPOINT.")


def unsafe_path_error(repository: Repository) -> DownloadError:
    return _failed(repository, "the hub lists a file outside of the repository's folder. Check HF_ENDPOINT.")


def status_error(repository: Repository, status: int, headers: Mapping[str, str]) -> DownloadError:
    """Return the error for an HTTP status, retryable if it is temporary, with the wait from Retry-After."""
    if status >= 500 or status in _RETRYABLE_STATUSES:
        busy = "received too many requests" if status == 429 else "is not available"
        message = f"the hub {busy} ({status}). Try again later: the download resumes where it stopped."
        return _failed(repository, message, retryable=True, retry_after_s=_retry_after_s(headers))
    advice = _ADVICE_BY_ERROR_CODE.get(headers.get("X-Error-Code", ""))
    if advice is None:
        advice = _ADVICE_ACCESS if status in (401, 403, 404) else _ADVICE_DEFAULT
    return _failed(repository, f"the hub refused the request ({status}). {advice}")


def error_for(error: Exception, repository: Repository) -> DownloadError:
    """Translate an exception of the hub's library. The message quotes nothing from it."""
    response = getattr(error, "response", None)
    if response is not None:
        return status_error(repository, response.status_code, response.headers)
    if isinstance(error, _UNEXPECTED_ANSWER_ERRORS):
        return unexpected_answer_error(repository)
    # By name: the library may use another HTTP client than this package, or another release of it.
    if isinstance(error, ValueError) or type(error).__name__ == "InvalidURL":
        return _failed(repository, "its name or the address of the hub is not valid. Check HF_ENDPOINT.")
    return unreachable_error(repository)


def _failed(
    repository: Repository, reason: str, *, retryable: bool = False, retry_after_s: float | None = None
) -> DownloadError:
    message = f"{repository.hub_id} could not be downloaded: {reason}"
    return DownloadError("download_failed", message, retryable=retryable, retry_after_s=retry_after_s)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isdecimal() else None
