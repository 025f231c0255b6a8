"""A hub on loopback: lists commits and files, serves bytes in ranges, sends large files to another origin.

Two servers, as there are two on the network: the hub itself, which knows who may see what, and the one that keeps
large files, which refuses whoever brings a token along. Faults are scripted, and every request is remembered.
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
class Asked:
    """A request as it arrived; header names are in lower case. `stored`: it came to the server of large files."""

    method: str
    path: str
    headers: dict[str, str]
    stored: bool

    @property
    def start(self) -> int | None:
        """Where the range begins."""
        found = _RANGE.fullmatch(self.headers.get("range", ""))
        return int(found[1]) if found else None


@dataclass
class Fault:
    """What goes wrong with the first `times` answers whose path ends with `at` (of a large file, too).

    Of the body only the first bytes come before the connection is cut, or before it holds until `hub.release`.
    `body` is what the API says instead, with `headers`.
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
        self.repositories = {(one.kind, one.hub_id): one for one in repositories}
        self.faults: list[Fault] = []
        self.requests: list[Asked] = []
        self.release = threading.Event()
        self._lock = threading.Lock()
        self._servers = [_Server(("127.0.0.1", 0), _Handler) for _ in range(2)]
        for server, stored in zip(self._servers, (False, True), strict=True):
            server.hub, server.stored = self, stored
        self.url, self.store_url = (f"http://127.0.0.1:{one.server_address[1]}" for one in self._servers)

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
        (found,) = (one for one in self.repositories.values() if one.hub_id == hub_id)
        return found

    def fetched(self) -> list[str]:
        """The names of the files that were asked for, in order."""
        found = (_RESOLVE.fullmatch(unquote(asked.path)) for asked in self.requests)
        return [name[4] for name in found if name]

    def starts(self, name: str) -> list[int | None]:
        """Where each request for the bytes of a file began."""
        digests = {sha256(files[name]) for files in self._commits() if name in files}
        ends = (f"/{name}", *digests)
        large = any(is_large(files[name]) for files in self._commits() if name in files)
        asked = [one for one in self.requests if one.stored == large]
        return [one.start for one in asked if urlsplit(one.path).path.endswith(ends)]

    def _commits(self) -> list[dict[str, bytes]]:
        return [files for one in self.repositories.values() for files in one.commits.values()]

    def remember(self, asked: Asked) -> None:
        with self._lock:
            self.requests.append(asked)

    def fault(self, path: str) -> Fault | None:
        with self._lock:
            found = next((one for one in self.faults if one.times and path.endswith(one.at)), None)
            if found:
                found.times -= 1
            return found

    def stored(self, digest: str) -> tuple[str, bytes] | None:
        """Name and content of a large file."""
        everything = (item for files in self._commits() for item in files.items())
        return next((item for item in everything if is_large(item[1]) and sha256(item[1]) == digest), None)


class _Server(ThreadingHTTPServer):
    hub: FakeHub
    stored: bool
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


class _Refusal(Exception):
    def __init__(self, status: int, code: str = "", **headers: str) -> None:
        super().__init__(code)
        self.status = status
        self.headers = ({"X-Error-Code": code} if code else {}) | headers


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Tests say what they want to see."""

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.server.stored)
        self.server.hub.remember(asked)
        try:
            self._answer(asked)
        except _Refusal as refusal:
            self._send(refusal.status, b'{"error": "refused"}', refusal.headers)

    def _answer(self, asked: Asked) -> None:
        url = urlsplit(asked.path)
        path = unquote(url.path)
        if asked.stored:
            self._serve_stored(asked, path)
        elif found := _API.fullmatch(path):
            fault = self._check_fault(path)
            if fault and fault.body is not None:
                self._send(200, fault.body, fault.headers)
            else:
                self._serve_api(asked, found, parse_qs(url.query))
        elif found := _RESOLVE.fullmatch(path):
            self._serve_file(asked, found)
        else:
            raise _Refusal(404)

    def _repository(self, asked: Asked, kind: str, hub_id: str) -> FakeRepository:
        repository = self.server.hub.repositories.get((kind, hub_id))
        token = asked.headers.get("authorization")
        if token not in (None, f"Bearer {TOKEN}"):
            raise _Refusal(401)
        if repository is None or (repository.private and token is None):
            # The hub says the same of what is not there and of what is hidden.
            raise _Refusal(404 if token else 401, "RepoNotFound")
        return repository

    def _files(self, repository: FakeRepository, revision: str) -> dict[str, bytes]:
        files = repository.files(revision)
        if files is None:
            raise _Refusal(404, "RevisionNotFound")
        return files

    def _serve_api(self, asked: Asked, found: re.Match[str], query: dict[str, list[str]]) -> None:
        kind, hub_id, what, revision = found.groups()
        repository = self._repository(asked, kind, hub_id)
        files = self._files(repository, revision)
        if what == "tree":
            self._send_tree(asked, files, int(query.get("cursor", ["0"])[0]))
        else:
            sha = repository.main if revision == "main" else revision
            about = {"id": hub_id, "sha": sha, "siblings": [{"rfilename": name} for name in files]}
            self._send(200, json.dumps(about).encode())

    def _send_tree(self, asked: Asked, files: dict[str, bytes], first: int) -> None:
        entries = [_entry(name, content) for name, content in sorted(files.items())]
        folders = sorted({name.rpartition("/")[0] for name in files if "/" in name})
        entries += [{"type": "directory", "oid": "0" * 40, "size": 0, "path": folder} for folder in folders]
        after = first + _PAGE_ENTRIES
        link = {}
        if after < len(entries):
            page = f"{self.server.hub.url}{urlsplit(asked.path).path}?recursive=True&cursor={after}"
            link = {"Link": f'<{page}>; rel="next"'}
        self._send(200, json.dumps(entries[first:after]).encode(), link)

    def _serve_file(self, asked: Asked, found: re.Match[str]) -> None:
        datasets, hub_id, revision, name = found.groups()
        repository = self._repository(asked, "dataset" if datasets else "model", hub_id)
        if repository.gated and "authorization" not in asked.headers:
            raise _Refusal(401, "GatedRepo")
        content = self._files(repository, revision).get(name)
        if content is None:
            raise _Refusal(404, "EntryNotFound")
        said = {"X-Repo-Commit": repository.main if revision == "main" else revision}
        if not is_large(content):
            fault = self._check_fault(f"/{name}")
            self._send_range(asked, content, said | {"ETag": f'"{git_sha1(content)}"'}, fault)
            return
        place = f"{self.server.hub.store_url}/stored/{sha256(content)}?signature={quote('a b')}"
        linked = {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{sha256(content)}"'}
        self._send(302, b"", said | linked | {"Location": place})

    def _serve_stored(self, asked: Asked, path: str) -> None:
        if "authorization" in asked.headers:
            raise _Refusal(400)
        found = _STORED.fullmatch(path)
        kept = self.server.hub.stored(found[1]) if found else None
        if kept is None:
            raise _Refusal(404)
        name, content = kept
        fault = self._check_fault(f"/{name}")
        self._send_range(asked, content, {"ETag": f'"{hashlib.md5(content).hexdigest()}"'}, fault)

    def _check_fault(self, path: str) -> Fault | None:
        fault = self.server.hub.fault(path)
        if fault and fault.status:
            raise _Refusal(fault.status, **fault.headers)
        return fault

    def _send_range(self, asked: Asked, content: bytes, headers: dict[str, str], fault: Fault | None) -> None:
        start = None if fault and fault.ignores_range else asked.start
        headers = headers | {"Accept-Ranges": "bytes"}
        if start is not None and start >= len(content):
            raise _Refusal(416, **{"Content-Range": f"bytes */{len(content)}"})
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
    plain = {"type": "file", "path": name, "size": len(content)}
    if not is_large(content):
        return plain | {"oid": git_sha1(content)}
    pointer = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(content)}\nsize {len(content)}\n"
    )
    lfs = {"oid": sha256(content), "size": len(content), "pointerSize": len(pointer)}
    return plain | {"oid": git_sha1(pointer.encode()), "lfs": lfs}
