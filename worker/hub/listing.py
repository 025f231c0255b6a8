"""Lists the files of a repository on the hub: the commit through the hub's library, the files page by page."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from common import __version__
from common.catalogue import Repository
from worker.host.models_folder import match_first, select_files
from worker.hub.backoff import Backoff
from worker.hub.errors import (
    endless_listing_error,
    error_for,
    missing_file_error,
    unexpected_answer_error,
    unsafe_path_error,
)
from worker.hub.files import Listing, RemoteFile

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TIMEOUT_S = 20.0
USER_AGENT = f"oratioviva/{__version__}"
# Far more than any repository of the catalogue has. They end a listing that would never end.
MAX_ENTRIES = 10_000
MAX_PAGES = 1_000
_MAX_FILE_BYTES = 1 << 40
_COMMIT = re.compile(r"[0-9a-f]{40}")

Result = TypeVar("Result")


class _BlobInfo(BaseModel, frozen=True, strict=True):
    size: int = Field(ge=0, le=_MAX_FILE_BYTES)
    oid: str = Field(pattern=r"^[0-9a-f]{40,64}$")


class _TreeEntry(_BlobInfo):
    """`lfs` describes the content of a large file; git itself only stores a pointer to it."""

    lfs: _BlobInfo | None = None


def list_files(repository: Repository, *, endpoint: str, token: str | None, backoff: Backoff) -> Listing:
    """Return the useful files of a repository at the commit of its revision.

    Raises DownloadError if the hub does not answer, or if a needed file is missing or has an unsafe path.
    """
    api = _api(endpoint, token)
    commit = _retry(partial(_commit, repository, api), repository, backoff)
    entries = _list_entries(repository, api, commit, backoff)
    names = list(entries)
    for group in repository.needed:
        if not match_first(group, names):
            raise missing_file_error(repository, group[0])
    wanted = select_files(repository, names)
    if not all(_is_safe(name) for name in wanted):
        raise unsafe_path_error(repository)
    return Listing(
        repository, commit, tuple(_to_remote_file(name, entries[name], repository) for name in wanted)
    )


def _api(endpoint: str, token: str | None) -> "HfApi":
    from huggingface_hub import HfApi, constants

    # With telemetry on, the library asks the hub for its list of agents in order to report them. It reads the variable
    # from the environment only on its first import, so set the constant.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    # False: with None, the library sends a token that it finds in the home folder. Its own user agent lists the
    # installed packages.
    return HfApi(endpoint=endpoint.rstrip("/"), token=token or False, headers={"user-agent": USER_AGENT})


def _retry(request: Callable[[], Result], repository: Repository, backoff: Backoff) -> Result:
    """Repeat a request until it succeeds or the backoff gives up. Raises DownloadError."""
    while True:
        try:
            return request()
        except Exception as error:
            backoff.wait_or_raise(error_for(error, repository))


def _commit(repository: Repository, api: "HfApi") -> str:
    info = api.repo_info(
        repository.hub_id, revision=repository.revision, repo_type=repository.kind, timeout=TIMEOUT_S
    )
    # The commit becomes part of URLs and of the manifest.
    if not _COMMIT.fullmatch(info.sha or ""):
        raise TypeError("no commit")
    return str(info.sha)


def _list_entries(repository: Repository, api: "HfApi", commit: str, backoff: Backoff) -> dict[str, Any]:
    """Return the JSON entry of each file, by name.

    It requests the pages itself: the library follows next-page links without end and without a timeout.
    """
    entries: dict[str, Any] = {}
    page = f"{api.endpoint}/api/{repository.kind}s/{repository.hub_id}/tree/{commit}?recursive=true"
    for _ in range(MAX_PAGES):
        files, next_page = _retry(partial(_page, page, api), repository, backoff)
        entries |= files
        if len(entries) > MAX_ENTRIES:
            break
        if next_page is None:
            return entries
        backoff.keep_alive()
        page = next_page
    raise endless_listing_error(repository)


def _page(url: str, api: "HfApi") -> tuple[dict[str, Any], str | None]:
    """Return (entries by name, URL of the next page or None)."""
    from huggingface_hub import get_session

    is_hub = bool(api.token) and url.startswith(f"{api.endpoint}/")
    headers = {"user-agent": USER_AGENT} | ({"authorization": f"Bearer {api.token}"} if is_hub else {})
    answer = get_session().get(url, headers=headers, timeout=TIMEOUT_S)
    answer.raise_for_status()
    files = {str(entry["path"]): entry for entry in answer.json() if entry["type"] == "file"}
    return files, answer.links.get("next", {}).get("url")


def _to_remote_file(name: str, entry_json: Any, repository: Repository) -> RemoteFile:
    try:
        entry = _TreeEntry.model_validate(entry_json)
    except ValidationError:
        raise unexpected_answer_error(repository) from None
    if entry.lfs is not None:
        return RemoteFile(name, entry.lfs.size, "sha256", entry.lfs.oid)
    return RemoteFile(name, entry.size, "git_sha1", entry.oid)


def _is_safe(name: str) -> bool:
    """Return whether a name from the hub stays inside the repository's folder.

    A lone surrogate is not printable: it fits neither into a URL nor into a path.
    """
    path = PurePosixPath(name)
    leads_out = path.is_absolute() or ".." in path.parts or "\\" in name
    return bool(path.name) and name.isprintable() and not leads_out
