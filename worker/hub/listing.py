"""What a repository holds, asked of the hub by its own library."""

from contextlib import suppress
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from common import __version__
from common.catalogue import Repository
from worker.hub.files import Listing, RemoteFile
from worker.hub.patience import Patience
from worker.hub.refusal import incomplete, refusal_of, unsafe
from worker.models_folder import chosen, files_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

TIMEOUT_S = 20.0
USER_AGENT = f"oratioviva/{__version__}"


def list_files(repository: Repository, *, endpoint: str, token: str | None, patience: Patience) -> Listing:
    """Raises EngineError."""
    api = _api(endpoint, token)
    commit = _commit(repository, api, patience)
    found = _found(repository, api, commit)
    names = list(found)
    for group in repository.needed:
        if not files_of(group, names):
            raise incomplete(repository, group[0])
    wanted = chosen(repository, names)
    if not all(_is_safe(name) for name in wanted):
        raise unsafe(repository)
    return Listing(repository, commit, tuple(found[name] for name in wanted))


def _api(endpoint: str, token: str | None) -> "HfApi":
    from huggingface_hub import HfApi

    _limit_requests()
    # False: without a token of ours the library would send one that it finds in the home folder. Its own user agent
    # tells what is installed here.
    return HfApi(endpoint=endpoint.rstrip("/"), token=token or False, headers={"user-agent": USER_AGENT})


@cache
def _limit_requests() -> None:
    """The library lists files without a time limit of its own. (Of flavour `parler` it is too old to be given one.)"""
    with suppress(ImportError):
        import httpx2
        from huggingface_hub import set_client_factory

        set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=TIMEOUT_S))


def _commit(repository: Repository, api: "HfApi", patience: Patience) -> str:
    while True:
        try:
            about = api.repo_info(
                repository.hub_id,
                revision=repository.revision,
                repo_type=repository.kind,
                timeout=TIMEOUT_S,
            )
            return str(about.sha)
        except Exception as error:
            # What passes by itself; for lists of files the library does this itself.
            patience.wait_or_raise(refusal_of(error, repository))


def _found(repository: Repository, api: "HfApi", commit: str) -> dict[str, RemoteFile]:
    from huggingface_hub.hf_api import RepoFile

    try:
        entries = api.list_repo_tree(
            repository.hub_id, revision=commit, repo_type=repository.kind, recursive=True
        )
        return {entry.path: _remote(entry) for entry in entries if isinstance(entry, RepoFile)}
    except Exception as error:
        raise refusal_of(error, repository) from error


def _remote(entry: "RepoFile") -> RemoteFile:
    if entry.lfs is not None:
        return RemoteFile(entry.path, entry.lfs.size, "sha256", entry.lfs.sha256)
    return RemoteFile(entry.path, entry.size, "git_sha1", entry.blob_id)


def _is_safe(name: str) -> bool:
    """Below the folder of its repository, whoever writes the list."""
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not path.name)
