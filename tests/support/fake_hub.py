"""A fake hub on loopback: lists commits and files, serves byte ranges, and redirects large files to another origin.

Like the real hub it consists of two servers: the hub itself, which checks access, and the store of large files, which
refuses requests with a token. Tests can script faults, and the hub records all requests.
"""

import hashlib
import json
import re
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.support.fake_repositories import FakeRepository, git_sha1, is_large, sha256

TOKEN = "hf_good"
_PAGE_ENTRIES = 3
_BLOCK_BYTES = 4096
_API = re.compile(r"/api/(model|dataset)s/([^/]+/[^/]+)/(revision|tree)/([^/]+)")
_RESOLVE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_STORED = re.compile(r"/stored/([0-9a-f]{64})")
_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass(frozen=True)
class ReceivedRequest:
    """A request with lower-case header names. `stored`: it went to the store of large files."""

    method: str
    path: str
    headers: dict[str, str]
    stored: bool

    @property
    def start(self) -> int | None:
        """The first byte of the requested range."""
        match = _RANGE.fullmatch(self.headers.get("range", ""))
        return int(match[1]) if match else None


@dataclass
class Fault:
    """A fault in the first `times` answers whose path ends with `at`, also for large files.

    `cut_after_bytes` closes the connection after these bytes of the body; `hold_after_bytes` pauses until
    `hub.release`. `body` and `headers` replace an answer of the API.
    """

    at: str
    times: int = 1
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut_after_bytes: int | None = None
    hold_after_bytes: int | None = None
    damages: bool = False
    ignores_range: bool = False
    body: bytes | None = None


class FakeHub:
    """`with FakeHub(repositories) as hub:`, then `hub.url`."""

    def __init__(self, *repositories: FakeRepository) -> None:
        self.repositories = {(repository.kind, repository.hub_id): repository for repository in repositories}
        self.faults: list[Fault] = []
        self.requests: list[ReceivedRequest] = []
        self.release = threading.Event()
        self._lock = threading.Lock()
        self._servers = [_Server(("127.0.0.1", 0), _Handler) for _ in range(2)]
        for server, stored in zip(self._servers, (False, True), strict=True):
            server.hub, server.stored = self, stored
        self.url, self.store_url = (
            f"http://127.0.0.1:{server.server_address[1]}" for server in self._servers
        )

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def only(self, hub_id: str) -> FakeRepository:
        (repository,) = (one for one in self.repositories.values() if one.hub_id == hub_id)
        return repository

    def fetched(self) -> list[str]:
        """Return the names of the requested files, in order."""
        matches = (_RESOLVE.fullmatch(unquote(request.path)) for request in self.requests)
        return [match[4] for match in matches if match]

    def starts(self, name: str) -> list[int | None]:
        """Return the first byte of each request for the content of a file."""
        digests = {sha256(files[name]) for files in self._commits() if name in files}
        ends = (f"/{name}", *digests)
        large = any(is_large(files[name]) for files in self._commits() if name in files)
        requests = [request for request in self.requests if request.stored == large]
        return [request.start for request in requests if urlsplit(request.path).path.endswith(ends)]

    def _commits(self) -> list[dict[str, bytes]]:
        return [files for repository in self.repositories.values() for files in repository.commits.values()]

    def record(self, request: ReceivedRequest) -> None:
        with self._lock:
            self.requests.append(request)

    def fault(self, path: str) -> Fault | None:
        with self._lock:
            fault = next((one for one in self.faults if one.times and path.endswith(one.at)), None)
            if fault:
                fault.times -= 1
            return fault

    def stored(self, digest: str) -> tuple[str, bytes] | None:
        """Return name and content of a large file."""
        everything = (item for files in self._commits() for item in files.items())
        return next((item for item in everything if is_large(item[1]) and sha256(item[1]) == digest), None)


class _Server(ThreadingHTTPServer):
    hub: FakeHub
    stored: bool
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect: some tests do that on purpose."""


class _HttpError(Exception):
    def __init__(self, status: int, code: str = "", **headers: str) -> None:
        super().__init__(code)
        self.status = status
        self.headers = ({"X-Error-Code": code} if code else {}) | headers


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Log nothing."""

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = ReceivedRequest(self.command, self.path, headers, self.server.stored)
        self.server.hub.record(request)
        try:
            self._answer(request)
        except _HttpError as refusal:
            self._send(refusal.status, b'{"error": "refused"}', refusal.headers)

    def _answer(self, request: ReceivedRequest) -> None:
        url = urlsplit(request.path)
        path = unquote(url.path)
        if request.stored:
            self._serve_stored(request, path)
        elif match := _API.fullmatch(path):
            fault = self._check_fault(path)
            if fault and fault.body is not None:
                self._send(200, fault.body, fault.headers)
            else:
                self._serve_api(request, match, parse_qs(url.query))
        elif match := _RESOLVE.fullmatch(path):
            self._serve_file(request, match)
        else:
            raise _HttpError(404)

    def _repository(self, request: ReceivedRequest, kind: str, hub_id: str) -> FakeRepository:
        repository = self.server.hub.repositories.get((kind, hub_id))
        token = request.headers.get("authorization")
        if token not in (None, f"Bearer {TOKEN}"):
            raise _HttpError(401)
        if repository is None or (repository.private and token is None):
            # The hub gives the same answer for missing and for hidden repositories.
            raise _HttpError(404 if token else 401, "RepoNotFound")
        return repository

    def _files(self, repository: FakeRepository, revision: str) -> dict[str, bytes]:
        files = repository.files(revision)
        if files is None:
            raise _HttpError(404, "RevisionNotFound")
        return files

    def _serve_api(self, request: ReceivedRequest, match: re.Match[str], query: dict[str, list[str]]) -> None:
        kind, hub_id, resource, revision = match.groups()
        repository = self._repository(request, kind, hub_id)
        files = self._files(repository, revision)
        if resource == "tree":
            self._send_tree(request, files, int(query.get("cursor", ["0"])[0]))
        else:
            sha = repository.main if revision == "main" else revision
            about = {"id": hub_id, "sha": sha, "siblings": [{"rfilename": name} for name in files]}
            self._send(200, json.dumps(about).encode())

    def _send_tree(self, request: ReceivedRequest, files: dict[str, bytes], first: int) -> None:
        entries = [_entry(name, content) for name, content in sorted(files.items())]
        folders = sorted({name.rpartition("/")[0] for name in files if "/" in name})
        entries += [{"type": "directory", "oid": "0" * 40, "size": 0, "path": folder} for folder in folders]
        after = first + _PAGE_ENTRIES
        link = {}
        if after < len(entries):
            page = f"{self.server.hub.url}{urlsplit(request.path).path}?recursive=True&cursor={after}"
            link = {"Link": f'<{page}>; rel="next"'}
        self._send(200, json.dumps(entries[first:after]).encode(), link)

    def _serve_file(self, request: ReceivedRequest, match: re.Match[str]) -> None:
        datasets, hub_id, revision, name = match.groups()
        repository = self._repository(request, "dataset" if datasets else "model", hub_id)
        if repository.gated and "authorization" not in request.headers:
            raise _HttpError(401, "GatedRepo")
        content = self._files(repository, revision).get(name)
        if content is None:
            raise _HttpError(404, "EntryNotFound")
        commit_header = {"X-Repo-Commit": repository.main if revision == "main" else revision}
        if not is_large(content):
            fault = self._check_fault(f"/{name}")
            self._send_range(request, content, commit_header | {"ETag": f'"{git_sha1(content)}"'}, fault)
            return
        location = f"{self.server.hub.store_url}/stored/{sha256(content)}?signature={quote('a b')}"
        linked = {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{sha256(content)}"'}
        self._send(302, b"", commit_header | linked | {"Location": location})

    def _serve_stored(self, request: ReceivedRequest, path: str) -> None:
        if "authorization" in request.headers:
            raise _HttpError(400)
        match = _STORED.fullmatch(path)
        stored_file = self.server.hub.stored(match[1]) if match else None
        if stored_file is None:
            raise _HttpError(404)
        name, content = stored_file
        fault = self._check_fault(f"/{name}")
        self._send_range(request, content, {"ETag": f'"{hashlib.md5(content).hexdigest()}"'}, fault)

    def _check_fault(self, path: str) -> Fault | None:
        fault = self.server.hub.fault(path)
        if fault and fault.status:
            raise _HttpError(fault.status, **fault.headers)
        return fault

    def _send_range(
        self, request: ReceivedRequest, content: bytes, headers: dict[str, str], fault: Fault | None
    ) -> None:
        start = None if fault and fault.ignores_range else request.start
        headers = headers | {"Accept-Ranges": "bytes"}
        if start is not None and start >= len(content):
            raise _HttpError(416, **{"Content-Range": f"bytes */{len(content)}"})
        if start is not None:
            headers |= {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        body = content[start or 0 :]
        if fault and fault.damages:
            body = bytes(len(body))
        self._send(200 if start is None else 206, body, headers, fault)

    def _send(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, fault: Fault | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        stop = len(body)
        if fault and fault.hold_after_bytes is not None:
            stop = min(stop, fault.hold_after_bytes)
        if fault and fault.cut_after_bytes is not None:
            stop = min(stop, fault.cut_after_bytes)
        self._write(body[:stop])
        if fault and fault.hold_after_bytes is not None:
            self.server.hub.release.wait(60)
            self._write(body[stop:])
        elif stop < len(body):
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def _write(self, body: bytes) -> None:
        for start in range(0, len(body), _BLOCK_BYTES):
            self.wfile.write(body[start : start + _BLOCK_BYTES])
        self.wfile.flush()


def _entry(name: str, content: bytes) -> dict[str, Any]:
    entry = {"type": "file", "path": name, "size": len(content)}
    if not is_large(content):
        return entry | {"oid": git_sha1(content)}
    pointer = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(content)}\nsize {len(content)}\n"
    )
    lfs = {"oid": sha256(content), "size": len(content), "pointerSize": len(pointer)}
    return entry | {"oid": git_sha1(pointer.encode()), "lfs": lfs}
