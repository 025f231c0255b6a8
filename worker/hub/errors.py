"""What an answer of the hub that is no file means: who must do what, and whether asking again helps."""

import json
from collections.abc import Mapping

from common.catalogue import Repository

# Client errors that pass by themselves.
_RETRYABLE_STATUSES = frozenset({408, 425, 429})
# What reading an answer of another form than the hub's raises.
_UNEXPECTED_ANSWER_ERRORS = (
    json.JSONDecodeError,
    UnicodeDecodeError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
)
_ADVICE_BY_ERROR_CODE = {
    "GatedRepo": "Accept its licence on its page at the hub, and set HF_TOKEN to a token of the account that did.",
    "RevisionNotFound": "The hub no longer has the commit that this release asks for: update OratioViva, or put the "
    "files into the models folder by hand.",
    "EntryNotFound": "A file that the hub lists is not there: ask again later.",
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
        "no network, or the hub does not answer. Check the connection and HF_ENDPOINT, and ask again: it goes on "
        "where it stopped.",
        retryable=True,
    )


def damaged_file_error(repository: Repository, name: str) -> DownloadError:
    return _failed(
        repository, f"{name} arrived damaged, its checksum is wrong. Ask again later.", retryable=True
    )


def missing_file_error(repository: Repository, missing: str) -> DownloadError:
    return _failed(repository, f"the hub has no {missing} in it. Check HF_ENDPOINT, or update OratioViva.")


def endless_listing_error(repository: Repository) -> DownloadError:
    return _failed(repository, "the hub lists more files than a model has. Check HF_ENDPOINT.")


def unexpected_answer_error(repository: Repository) -> DownloadError:
    return _failed(repository, "the hub answered in a form that is not known here. Check HF_ENDPOINT.")


def unsafe_path_error(repository: Repository) -> DownloadError:
    return _failed(repository, "the hub lists a file outside of its folder. Check HF_ENDPOINT.")


def status_error(repository: Repository, status: int, headers: Mapping[str, str]) -> DownloadError:
    """Retryable where it passes by itself, with how long the hub asks to wait."""
    if status >= 500 or status in _RETRYABLE_STATUSES:
        busy = "has too many requests" if status == 429 else "is not available"
        message = f"the hub {busy} ({status}). Ask again later: it goes on where it stopped."
        return _failed(repository, message, retryable=True, retry_after_s=_retry_after_s(headers))
    advice = _ADVICE_BY_ERROR_CODE.get(headers.get("X-Error-Code", ""))
    if advice is None:
        advice = _ADVICE_ACCESS if status in (401, 403, 404) else _ADVICE_DEFAULT
    return _failed(repository, f"the hub refused ({status}). {advice}")


def error_for(error: Exception, repository: Repository) -> DownloadError:
    """The error to show for what the hub's library raised; it quotes nothing from it."""
    response = getattr(error, "response", None)
    if response is not None:
        return status_error(repository, response.status_code, response.headers)
    if isinstance(error, _UNEXPECTED_ANSWER_ERRORS):
        return unexpected_answer_error(repository)
    # The library's clients are of another release than ours, or of another make.
    if isinstance(error, ValueError) or type(error).__name__ == "InvalidURL":
        return _failed(repository, "its name or the hub's address is not valid. Check HF_ENDPOINT.")
    return unreachable_error(repository)


def _failed(
    repository: Repository, reason: str, *, retryable: bool = False, retry_after_s: float | None = None
) -> DownloadError:
    message = f"{repository.hub_id} could not be downloaded: {reason}"
    return DownloadError("download_failed", message, retryable=retryable, retry_after_s=retry_after_s)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isdecimal() else None
