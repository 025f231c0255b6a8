"""The bytes of one file: asked for from where the last try stopped, as long as anything comes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx

from common.catalogue import Repository
from worker.engines.protocol import EngineError
from worker.hub.backoff import Patience
from worker.hub.errors import damaged, refused, unreachable
from worker.hub.files import Listing, RemoteFile
from worker.hub.listing import USER_AGENT
from worker.hub.partial_file import Part, is_there
from worker.hub.progress import Tally

CONNECT_TIMEOUT_S = 10.0
SILENCE_S = 30.0
# A try that brings less is no progress: a hub may drip for ever.
LEAST_BYTES = 65_536
_KINDS = {"model": "", "dataset": "datasets/"}


class Source:
    """The hub, for the bytes of files."""

    def __init__(self, client: httpx.Client, endpoint: str) -> None:
        self._client = client
        self._endpoint = endpoint.rstrip("/")

    def bring(self, file: RemoteFile, place: Path, *, listing: Listing, tally: Tally) -> None:
        """Raises EngineError, and OSError for what the disk refuses."""
        if not is_there(place, file, tally):
            with Part(place, file, tally) as part:
                self._fill(part, file, listing=listing, patience=Patience(tally.beat))
        tally.settle(file.size_bytes)

    def _fill(self, part: Part, file: RemoteFile, *, listing: Listing, patience: Patience) -> None:
        resumed = part.size_bytes > 0
        self._receive_all(part, file, listing=listing, patience=patience)
        if not part.is_right and resumed:
            # What was left here may be of another version of the file.
            part.start_over()
            self._receive_all(part, file, listing=listing, patience=patience)
        if not part.is_right:
            part.start_over()
            raise damaged(listing.repository, file.name)
        part.settle()

    def _receive_all(self, part: Part, file: RemoteFile, *, listing: Listing, patience: Patience) -> None:
        url = self._url(file, listing)
        furthest = part.size_bytes
        while not part.is_full:
            error = self._receive(url, part, listing.repository)
            # Held against the furthest point: what comes again after a new beginning is no progress either.
            if part.size_bytes >= furthest + LEAST_BYTES:
                patience.progressed()
            furthest = max(furthest, part.size_bytes)
            if not part.is_full:
                patience.wait_or_raise(error)

    def _receive(self, url: str, part: Part, repository: Repository) -> EngineError:
        """Once. What stopped it, which says nothing when everything came."""
        resume = {"Range": f"bytes={part.size_bytes}-"} if part.size_bytes else {}
        try:
            with self._client.stream("GET", url, headers=resume) as answer:
                if answer.is_success:
                    _take(answer, part)
                elif answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                    part.start_over()
                else:
                    return refused(repository, answer.status_code, answer.headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            pass
        return unreachable(repository)

    def _url(self, file: RemoteFile, listing: Listing) -> str:
        repository = listing.repository
        place = f"{_KINDS[repository.kind]}{repository.hub_id}/resolve/{listing.commit}/{quote(file.name)}"
        return f"{self._endpoint}/{place}"


def _take(answer: httpx.Response, part: Part) -> None:
    if answer.status_code != httpx.codes.PARTIAL_CONTENT:
        part.start_over()
    for block in answer.iter_raw():
        part.append(block)
        if part.is_too_long:
            return


@contextmanager
def open_source(endpoint: str, token: str | None) -> Iterator[Source]:
    """The client takes the token out of requests that are redirected to another origin."""
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_TIMEOUT_S)
    with httpx.Client(headers=headers, timeout=timeout, follow_redirects=True) as client:
        yield Source(client, endpoint)
