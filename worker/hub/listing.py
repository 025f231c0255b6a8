"""What a repository holds: its commit asked of the hub by its own library, its files page by page."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from common import __version__
from common.catalogue import Repository
from worker.host.models_folder import chosen, files_of
from worker.hub.backoff import Patience
from worker.hub.errors import endless, incomplete, refusal_of, strange, unsafe
from worker.hub.files import Listing, RemoteFile

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TIMEOUT_S = 20.0
USER_AGENT = f"oratioviva/{__version__}"
# Far more than any repository of the catalogue has; a list without an end must have one.
MOST_ENTRIES = 10_000
MOST_PAGES = 1_000
_MOST_BYTES = 1 << 40
_COMMIT = re.compile(r"[0-9a-f]{40}")

Answer = TypeVar("Answer")


class _Content(BaseModel, frozen=True, strict=True):
    size: int = Field(ge=0, le=_MOST_BYTES)
    oid: str = Field(pattern=r"^[0-9a-f]{40,64}$")


class _Entry(_Content):
    """`lfs` is the content of a large file, of which git itself has a note only."""

    lfs: _Content | None = None


def list_files(repository: Repository, *, endpoint: str, token: str | None, patience: Patience) -> Listing:
    """Raises EngineError."""
    api = _api(endpoint, token)
    commit = _asked(partial(_commit, repository, api), repository, patience)
    found = _found(repository, api, commit, patience)
    names = list(found)
    for group in repository.needed:
        if not files_of(group, names):
            raise incomplete(repository, group[0])
    wanted = chosen(repository, names)
    if not all(_is_safe(name) for name in wanted):
        raise unsafe(repository)
    return Listing(repository, commit, tuple(_remote(name, found[name], repository) for name in wanted))


def _api(endpoint: str, token: str | None) -> "HfApi":
    from huggingface_hub import HfApi, constants

    # It would ask the hub which programs count as agents, to tell of them. The setting is read from the environment
    # when the library is first imported, which may have been long ago.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    # False: without a token of ours the library would send one that it finds in the home folder. Its own user agent
    # tells what is installed here.
    return HfApi(endpoint=endpoint.rstrip("/"), token=token or False, headers={"user-agent": USER_AGENT})


def _asked(ask: Callable[[], Answer], repository: Repository, patience: Patience) -> Answer:
    """Again, as long as what goes wrong may pass by itself. Raises EngineError."""
    while True:
        try:
            return ask()
        except Exception as error:
            patience.wait_or_raise(refusal_of(error, repository))


def _commit(repository: Repository, api: "HfApi") -> str:
    about = api.repo_info(
        repository.hub_id, revision=repository.revision, repo_type=repository.kind, timeout=TIMEOUT_S
    )
    # It becomes part of addresses and of the note.
    if not _COMMIT.fullmatch(about.sha or ""):
        raise TypeError("no commit")
    return str(about.sha)


def _found(repository: Repository, api: "HfApi", commit: str, patience: Patience) -> dict[str, Any]:
    """What is said of each file, by its name.

    Page by page: the library's own way goes on for as long as the hub names another one, and has no time limit.
    """
    found: dict[str, Any] = {}
    page = f"{api.endpoint}/api/{repository.kind}s/{repository.hub_id}/tree/{commit}?recursive=true"
    for _ in range(MOST_PAGES):
        files, following = _asked(partial(_page, page, api), repository, patience)
        found |= files
        if len(found) > MOST_ENTRIES:
            break
        if following is None:
            return found
        patience.beat()
        page = following
    raise endless(repository)


def _page(url: str, api: "HfApi") -> tuple[dict[str, Any], str | None]:
    """The files on a page of the list, and the address of the next one."""
    from huggingface_hub import get_session

    ours = bool(api.token) and url.startswith(f"{api.endpoint}/")
    headers = {"user-agent": USER_AGENT} | ({"authorization": f"Bearer {api.token}"} if ours else {})
    answer = get_session().get(url, headers=headers, timeout=TIMEOUT_S)
    answer.raise_for_status()
    files = {str(entry["path"]): entry for entry in answer.json() if entry["type"] == "file"}
    return files, answer.links.get("next", {}).get("url")


def _remote(name: str, said: Any, repository: Repository) -> RemoteFile:
    try:
        entry = _Entry.model_validate(said)
    except ValidationError:
        raise strange(repository) from None
    if entry.lfs is not None:
        return RemoteFile(name, entry.lfs.size, "sha256", entry.lfs.oid)
    return RemoteFile(name, entry.size, "git_sha1", entry.oid)


def _is_safe(name: str) -> bool:
    """Below the folder of its repository, whoever writes the list. Half a character has no address and no place."""
    path = PurePosixPath(name)
    leads_out = path.is_absolute() or ".." in path.parts or "\\" in name
    return bool(path.name) and name.isprintable() and not leads_out
