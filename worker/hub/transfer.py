"""Downloads one file: each attempt resumes where the last one stopped, as long as there is progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx

from common.catalogue import Repository
from worker.hub.backoff import Backoff
from worker.hub.errors import DownloadError, damaged_file_error, status_error, unreachable_error
from worker.hub.files import Listing, RemoteFile
from worker.hub.listing import USER_AGENT
from worker.hub.partial_file import PartialFile, is_downloaded
from worker.hub.progress import DownloadProgress

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
# An attempt that brings less is no progress. Otherwise a hub that sends a few bytes at a time would never fail.
MIN_PROGRESS_BYTES = 65_536
_URL_PREFIXES = {"model": "", "dataset": "datasets/"}


class FileDownloader:
    """Downloads files from the hub with one HTTP client."""

    def __init__(self, client: httpx.Client, endpoint: str) -> None:
        self._client = client
        self._endpoint = endpoint.rstrip("/")

    def download(
        self, file: RemoteFile, destination: Path, *, listing: Listing, progress: DownloadProgress
    ) -> None:
        """Download a file to `destination` and verify it, unless it is already there.

        Raises DownloadError, and OSError if writing fails.
        """
        if not is_downloaded(destination, file, progress):
            with PartialFile(destination, file, progress) as partial:
                self._download_verified(partial, file, listing=listing, backoff=Backoff(progress.report))
        progress.finish_file(file.size_bytes)

    def _download_verified(
        self, partial: PartialFile, file: RemoteFile, *, listing: Listing, backoff: Backoff
    ) -> None:
        resumed = partial.size_bytes > 0
        self._download_rest(partial, file, listing=listing, backoff=backoff)
        if not partial.is_valid and resumed:
            # The rest of an earlier attempt may be of another version of the file.
            partial.restart()
            self._download_rest(partial, file, listing=listing, backoff=backoff)
        if not partial.is_valid:
            partial.restart()
            raise damaged_file_error(listing.repository, file.name)
        partial.move_into_place()

    def _download_rest(
        self, partial: PartialFile, file: RemoteFile, *, listing: Listing, backoff: Backoff
    ) -> None:
        url = self._url(file, listing)
        furthest_bytes = partial.size_bytes
        while not partial.is_complete:
            error = self._download_once(url, partial, listing.repository)
            # Compare with the furthest point: after a restart, receiving the same bytes again is no progress.
            if partial.size_bytes >= furthest_bytes + MIN_PROGRESS_BYTES:
                backoff.reset()
            furthest_bytes = max(furthest_bytes, partial.size_bytes)
            if not partial.is_complete:
                backoff.wait_or_raise(error)

    def _download_once(self, url: str, partial: PartialFile, repository: Repository) -> DownloadError:
        """Make one request. Returns why it ended, which has no meaning if the file is complete."""
        headers = {"Range": f"bytes={partial.size_bytes}-"} if partial.size_bytes else {}
        try:
            with self._client.stream("GET", url, headers=headers) as response:
                if response.is_success:
                    _write_body(response, partial)
                elif response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                    partial.restart()
                else:
                    return status_error(repository, response.status_code, response.headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            pass
        return unreachable_error(repository)

    def _url(self, file: RemoteFile, listing: Listing) -> str:
        repository = listing.repository
        prefix = _URL_PREFIXES[repository.kind]
        return f"{self._endpoint}/{prefix}{repository.hub_id}/resolve/{listing.commit}/{quote(file.name)}"


def _write_body(response: httpx.Response, partial: PartialFile) -> None:
    if response.status_code != httpx.codes.PARTIAL_CONTENT:
        partial.restart()
    for block in response.iter_raw():
        partial.append(block)
        if partial.is_too_long:
            return


@contextmanager
def open_downloader(endpoint: str, token: str | None) -> Iterator[FileDownloader]:
    """Open an HTTP client for the hub. httpx removes the token from requests that go to another origin."""
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    timeout = httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    with httpx.Client(headers=headers, timeout=timeout, follow_redirects=True) as client:
        yield FileDownloader(client, endpoint)
