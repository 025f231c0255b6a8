"""Downloads from a fake hub on loopback that interrupts, stalls, damages and refuses."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.catalogue import Repository, Weights, find_weights
from tests.support.disks import can_mount, on_a_small_disk
from tests.support.fake_hub import TOKEN, FakeHub, Fault
from tests.support.fake_repositories import (
    FakeRepository,
    content_of,
    git_sha1,
    make_repositories,
    make_repository,
    sha256,
)
from tests.support.ports import free_port
from tests.support.waiting import wait_for
from worker.host.models_folder import MANIFEST_NAME, PART_SUFFIX, check_presence
from worker.hub import backoff, disk_space, fetch, fetch_weights, listing, transfer
from worker.hub.errors import DownloadError

FRENCH = find_weights("mms_fra")
(REPOSITORY,) = FRENCH.repositories
LARGE = "model.safetensors"
LARGE_BYTES = 2_000_000


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "WAITS_S", (0.01,) * len(backoff.WAITS_S))


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(make_repository(REPOSITORY, large_bytes=LARGE_BYTES)) as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


def download(
    hub: FakeHub, root: Path, *, weights: Weights = FRENCH, token: str | None = None
) -> list[tuple[int, int]]:
    """Download the weights and return the progress reports."""
    progress: list[tuple[int, int]] = []
    fetch_weights(
        weights,
        root,
        endpoint=hub.url,
        token=token,
        on_bytes=lambda done, total: progress.append((done, total)),
    )
    return progress


def download_error(
    hub: FakeHub, root: Path, *, token: str | None = None, repository: Repository = REPOSITORY
) -> DownloadError:
    with pytest.raises(DownloadError) as raised:
        fetch(repository, root, endpoint=hub.url, token=token, on_bytes=lambda *_: None)
    assert check_presence(FRENCH, root).state != "complete"
    return raised.value


def folder_of(root: Path) -> Path:
    return root / REPOSITORY.folder


def remote_files(hub: FakeHub) -> dict[str, bytes]:
    files = hub.only(REPOSITORY.hub_id).files("main")
    assert files is not None
    return files


def is_complete(hub: FakeHub, root: Path) -> bool:
    there = {path.name: path.read_bytes() for path in folder_of(root).iterdir() if path.name != MANIFEST_NAME}
    return all(remote_files(hub)[name] == content for name, content in there.items()) and LARGE in there


def test_useful_files_arrive_with_a_manifest(
    hub: FakeHub, root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    progress = download(hub, root)

    assert is_complete(hub, root)
    wanted = {LARGE, "config.json", "vocab.json", "tokenizer_config.json", "special_tokens_map.json"}
    manifest = json.loads((folder_of(root) / MANIFEST_NAME).read_text())
    assert wanted < set(manifest["files"])
    assert set(manifest["files"]) == {path.name for path in folder_of(root).iterdir()} - {MANIFEST_NAME}
    assert not set(manifest["files"]) & {"README.md", "pytorch_model.bin"}
    assert manifest["files"][LARGE] == {"size_bytes": LARGE_BYTES, "sha256": sha256(remote_files(hub)[LARGE])}
    config = remote_files(hub)["config.json"]
    assert manifest["files"]["config.json"] == {"size_bytes": len(config), "git_sha1": git_sha1(config)}
    found = check_presence(FRENCH, root)
    assert (found.state, found.revision) == ("complete", REPOSITORY.revision)
    total = sum(entry["size_bytes"] for entry in manifest["files"].values())
    assert progress == sorted(progress)
    assert progress[-1] == (total, total)
    assert capfd.readouterr() == ("", "")


def test_a_download_makes_only_necessary_requests(hub: FakeHub, root: Path) -> None:
    download(hub, root)
    download(hub, root)

    assert len(hub.fetched()) == len(set(hub.fetched()))
    assert {request.method for request in hub.requests} == {"GET"}
    assert {request.headers["user-agent"].partition("/")[0] for request in hub.requests} == {"oratioviva"}
    others = [
        request.path
        for request in hub.requests
        if not request.stored and REPOSITORY.hub_id not in request.path
    ]
    assert others == []


def test_the_list_of_agents_is_never_requested(hub: FakeHub, root: Path, tmp_path: Path) -> None:
    environment = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home")}
    subprocess.run(
        [sys.executable, "-c", DOWNLOAD_SCRIPT, str(root), hub.url], check=True, env=os.environ | environment
    )
    assert is_complete(hub, root)
    assert [request.path for request in hub.requests if "agent" in request.path] == []


def test_repositories_share_one_total_and_datasets_have_their_own_url(root: Path) -> None:
    weights = find_weights("speecht5")
    with FakeHub(*make_repositories(weights)) as hub:
        progress = download(hub, root, weights=weights)

    assert check_presence(weights, root).state == "complete"
    assert progress[0][0] == 0
    # There is no total before the file lists are known.
    assert {total for _, total in progress if total} == {progress[-1][0]}
    assert any(request.path.startswith("/datasets/Matthijs/") for request in hub.requests)
    assert [path.name for path in (root / "Matthijs_cmu-arctic-xvectors").glob("*.zip")] == [
        "spkrec-xvect.zip"
    ]


def test_files_keep_their_subfolder(root: Path) -> None:
    weights = find_weights("kokoro")
    with FakeHub(*make_repositories(weights)) as hub:
        download(hub, root, weights=weights)
    assert (root / "onnx-community_Kokoro-82M-v1.0-ONNX/onnx/model.onnx").is_file()


def test_a_broken_connection_is_resumed(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", cut_after_bytes=500_000, times=3)]
    download(hub, root)
    assert is_complete(hub, root)
    assert hub.starts(LARGE) == [None, 500_000, 1_000_000, 1_500_000]


def test_a_stalled_connection_is_resumed(hub: FakeHub, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "READ_TIMEOUT_S", 0.3)
    hub.faults += [Fault(f"/{LARGE}", hold_after_bytes=500_000)]
    download(hub, root)
    assert is_complete(hub, root)
    assert hub.starts(LARGE) == [None, 500_000]


def test_a_server_without_range_support_restarts_the_file(hub: FakeHub, root: Path) -> None:
    hub.faults += [
        Fault(f"/{LARGE}", cut_after_bytes=500_000),
        Fault(f"/{LARGE}", ignores_range=True),
    ]
    download(hub, root)
    assert is_complete(hub, root)
    assert hub.starts(LARGE) == [None, 500_000]


def test_a_refused_range_restarts_the_file(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", cut_after_bytes=500_000), Fault(f"/{LARGE}", status=416)]
    download(hub, root)
    assert is_complete(hub, root)
    assert hub.starts(LARGE) == [None, 500_000, None]


def test_a_server_that_always_cuts_at_the_same_place_fails_the_download(hub: FakeHub, root: Path) -> None:
    for _ in range(50):
        hub.faults += [Fault(f"/{LARGE}", cut_after_bytes=500_000), Fault(f"/{LARGE}", status=416)]
    error = download_error(hub, root)
    assert (error.code, error.retryable) == ("download_failed", True)
    assert hub.starts(LARGE) == [None, 500_000] * 3


def test_a_server_that_sends_single_bytes_fails_the_download(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", cut_after_bytes=1, times=50)]
    download_error(hub, root)
    assert partial_bytes(root) == len(hub.starts(LARGE)) == len(backoff.WAITS_S) + 1
    hub.faults.clear()
    download(hub, root)
    assert is_complete(hub, root)


# A script for a process that a test can kill or run concurrently.
DOWNLOAD_SCRIPT = """
import sys
from pathlib import Path
from common.catalogue import find_weights
from worker.hub.errors import DownloadError
from worker.hub import disk_space, fetch_weights

if len(sys.argv) > 3:
    disk_space.RESERVE_BYTES = int(sys.argv[3])
try:
    fetch_weights(
        find_weights("mms_fra"), Path(sys.argv[1]), endpoint=sys.argv[2], token=None, on_bytes=lambda *_: None
    )
except DownloadError as error:
    print(error.code, error.message)
"""


def start_download(hub: FakeHub, root: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", DOWNLOAD_SCRIPT, str(root), hub.url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def partial_bytes(root: Path) -> int:
    part = folder_of(root) / f"{LARGE}{PART_SUFFIX}"
    return part.stat().st_size if part.exists() else 0


def test_a_download_resumes_after_its_process_was_killed(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", hold_after_bytes=1_500_000)]
    with start_download(hub, root) as first:
        wait_for(lambda: partial_bytes(root) > 1_000_000)
        first.kill()
    partial_size = partial_bytes(root)
    assert check_presence(FRENCH, root).state == "partial"

    progress = download(hub, root)

    assert is_complete(hub, root)
    assert check_presence(FRENCH, root).state == "complete"
    assert hub.starts(LARGE) == [None, partial_size]
    # Existing bytes count as progress from the start.
    assert next(done for done, _ in progress if done) > 0
    assert progress == sorted(progress)


def test_concurrent_downloads_fetch_each_file_once(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", hold_after_bytes=500_000)]
    with start_download(hub, root) as first, start_download(hub, root) as second:
        wait_for(lambda: partial_bytes(root) == 500_000)
        # Both have requested the list of files: now one of them waits for the other.
        wait_for(lambda: sum("/revision/" in request.path for request in hub.requests) == 2)
        assert first.poll() is second.poll() is None
        hub.release.set()
        assert [one.communicate(timeout=30)[0] for one in (first, second)] == ["", ""]
    assert is_complete(hub, root)
    assert len(hub.fetched()) == len(set(hub.fetched()))


def test_a_locally_damaged_file_is_downloaded_again(hub: FakeHub, root: Path) -> None:
    download(hub, root)
    place = folder_of(root) / LARGE
    place.write_bytes(bytes(LARGE_BYTES))
    hub.requests.clear()
    download(hub, root)
    assert is_complete(hub, root)
    assert hub.fetched() == [LARGE]


def test_a_partial_file_of_another_version_is_discarded(hub: FakeHub, root: Path) -> None:
    folder_of(root).mkdir(parents=True)
    (folder_of(root) / f"{LARGE}{PART_SUFFIX}").write_bytes(bytes(700_000))
    download(hub, root)
    assert is_complete(hub, root)
    assert hub.starts(LARGE) == [700_000, None]


@pytest.mark.parametrize("partial_size", [LARGE_BYTES, LARGE_BYTES + 1])
def test_an_oversized_partial_file_is_discarded(hub: FakeHub, root: Path, partial_size: int) -> None:
    folder_of(root).mkdir(parents=True)
    (folder_of(root) / f"{LARGE}{PART_SUFFIX}").write_bytes(bytes(partial_size))
    download(hub, root)
    assert is_complete(hub, root)
    assert hub.starts(LARGE) == [None]


def test_a_complete_partial_file_is_only_renamed(hub: FakeHub, root: Path) -> None:
    folder_of(root).mkdir(parents=True)
    (folder_of(root) / f"{LARGE}{PART_SUFFIX}").write_bytes(remote_files(hub)[LARGE])
    download(hub, root)
    assert is_complete(hub, root)
    assert LARGE not in hub.fetched()


def test_a_damaged_download_is_not_kept(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", damages=True)]
    error = download_error(hub, root)
    assert (error.code, error.retryable) == ("download_failed", True)
    assert f"{LARGE} arrived damaged" in error.message
    assert not (folder_of(root) / LARGE).exists()
    download(hub, root)
    assert is_complete(hub, root)


def test_files_copied_by_hand_are_kept(hub: FakeHub, root: Path) -> None:
    folder_of(root).mkdir(parents=True)
    for name, content in remote_files(hub).items():
        (folder_of(root) / name).parent.mkdir(exist_ok=True, parents=True)
        (folder_of(root) / name).write_bytes(content)
    download(hub, root)
    assert hub.fetched() == []
    assert check_presence(FRENCH, root).revision == REPOSITORY.revision


def test_a_new_commit_downloads_only_changed_files(root: Path) -> None:
    weights = find_weights("mms_deu")
    (repository,) = weights.repositories
    assert repository.revision == "main"
    german = make_repository(repository)
    with FakeHub(german) as hub:
        download(hub, root, weights=weights)
        first = check_presence(weights, root)
        german.commit(german.commits[german.main] | {LARGE: content_of("newer", size_bytes=60_000)})
        hub.requests.clear()
        download(hub, root, weights=weights)
    second = check_presence(weights, root)
    assert hub.fetched() == [LARGE]
    assert (first.revision, second.revision) == tuple(german.commits)
    assert second.state == "complete"


def test_a_cancelled_download_keeps_its_partial_file(hub: FakeHub, root: Path) -> None:
    class Cancelled(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        if done > 1_000_000:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch(REPOSITORY, root, endpoint=hub.url, token=None, on_bytes=stop)
    partial_size = partial_bytes(root)
    assert partial_size > 1_000_000
    download(hub, root)
    assert hub.starts(LARGE) == [None, partial_size]


# Access.


@pytest.fixture
def gated() -> Iterator[FakeHub]:
    with FakeHub(make_repository(REPOSITORY, gated=True)) as running:
        yield running


def test_a_gated_repository_needs_a_token(gated: FakeHub, root: Path) -> None:
    error = download_error(gated, root)
    assert (error.code, error.retryable) == ("download_failed", False)
    assert "Accept its licence" in error.message
    assert "HF_TOKEN" in error.message
    assert not (folder_of(root) / LARGE).exists()


def test_a_private_repository_needs_a_token(hub: FakeHub, root: Path) -> None:
    hub.only(REPOSITORY.hub_id).private = True
    error = download_error(hub, root)
    assert "set HF_TOKEN if it is private" in error.message
    download(hub, root, token=TOKEN)
    assert is_complete(hub, root)


def test_the_token_is_sent_only_to_the_hub(gated: FakeHub, root: Path) -> None:
    download(gated, root, token=TOKEN)
    assert check_presence(FRENCH, root).state == "complete"
    stored = [request for request in gated.requests if request.stored]
    on_the_hub = [request for request in gated.requests if not request.stored]
    assert stored
    assert not any("authorization" in one.headers for one in stored)
    assert {one.headers["authorization"] for one in on_the_hub} == {f"Bearer {TOKEN}"}


def test_an_invalid_token_is_not_in_the_message(gated: FakeHub, root: Path) -> None:
    error = download_error(gated, root, token="hf_bad")
    assert "HF_TOKEN" in error.message
    assert "hf_bad" not in error.message


def test_a_token_that_the_library_finds_is_not_sent(
    hub: FakeHub, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody")
    download(hub, root)
    assert not any("authorization" in request.headers for request in hub.requests)


# Missing and invalid content.


@pytest.mark.parametrize(
    ("repository", "wording"),
    [
        (Repository("nobody/nothing", needed=(("*",),)), "HF_ENDPOINT"),
        (
            Repository(REPOSITORY.hub_id, needed=REPOSITORY.needed, revision="0" * 40),
            "no longer has the commit",
        ),
        (Repository(REPOSITORY.hub_id, needed=(("weights.onnx", "*.onnx"),)), "no weights.onnx"),
        (Repository("not a name", needed=(("*",),)), "not valid"),
    ],
)
def test_content_that_the_hub_does_not_have_is_an_error(
    hub: FakeHub, root: Path, repository: Repository, wording: str
) -> None:
    error = download_error(hub, root, repository=repository)
    assert (error.code, error.retryable) == ("download_failed", False)
    assert wording in error.message
    assert not root.exists()


@pytest.mark.parametrize(
    "name", ["../x.json", "/etc/x.json", "a/../../x.json", "..\\x.json", "a\0.json", "\ud800.json"]
)
def test_paths_outside_the_folder_are_refused(root: Path, name: str) -> None:
    repository = FakeRepository("some/body")
    repository.commit({name: b"{}"})
    with FakeHub(repository) as hub:
        error = download_error(hub, root, repository=Repository("some/body", needed=(("*.json",),)))
    assert "outside of the repository's folder" in error.message
    assert hub.fetched() == []
    assert not root.exists()


COMMIT = f"/revision/{REPOSITORY.revision}"
TREE = f"/tree/{REPOSITORY.revision}"


def entry(**changes: Any) -> dict[str, Any]:
    return {"type": "file", "path": "x.json", "size": 2, "oid": "0" * 40} | changes


@pytest.mark.parametrize("sha", [None, 7, "", "main", "../../../etc", "A" * 40, "a" * 39, "a" * 40 + "\n"])
def test_an_invalid_commit_is_refused(hub: FakeHub, root: Path, sha: Any) -> None:
    hub.faults += [Fault(COMMIT, body=json.dumps({"id": REPOSITORY.hub_id, "sha": sha}).encode())]
    error = download_error(hub, root)
    assert (error.code, error.retryable) == ("download_failed", False)
    assert "an unknown format" in error.message
    assert not root.exists()


@pytest.mark.parametrize(
    "listed_entry",
    [
        7,
        [],
        *(entry(size=size) for size in (None, "2", -1, 1.5, True, 10**30)),
        *(entry(oid=oid) for oid in (None, 7, "../x", "0" * 39)),
        *(entry(lfs=lfs) for lfs in (7, {}, {"size": None, "oid": "0" * 64}, {"size": 2, "oid": None})),
        {"type": "file"},
    ],
)
def test_an_invalid_file_entry_is_refused(hub: FakeHub, root: Path, listed_entry: Any) -> None:
    hub.faults += [Fault(TREE, body=json.dumps([listed_entry]).encode())]
    error = download_error(
        hub, root, repository=Repository(REPOSITORY.hub_id, (("*.json",),), REPOSITORY.revision)
    )
    assert (error.code, error.retryable) == ("download_failed", False)
    assert "an unknown format" in error.message
    assert not root.exists()


@pytest.mark.parametrize("body", [b"", b"null", b"7", b"\xff", b"[" * 100_000, b"<html>"])
@pytest.mark.parametrize("at", [COMMIT, TREE])
def test_an_answer_of_unknown_format_is_refused(hub: FakeHub, root: Path, at: str, body: bytes) -> None:
    hub.faults += [Fault(at, body=body)]
    error = download_error(hub, root)
    assert (error.code, error.retryable) == ("download_failed", False)
    assert "an unknown format" in error.message


def endless_page(hub: FakeHub, *entries: dict[str, Any]) -> Fault:
    """Return a page that links to itself as the next page."""
    link = {"Link": f'<{hub.url}/api/models/{REPOSITORY.hub_id}{TREE}?cursor=1>; rel="next"'}
    return Fault(TREE, times=10**6, body=json.dumps(entries).encode(), headers=link)


@pytest.mark.parametrize(("entries", "pages"), [(0, 20), (3, 20), (10_001, 1)])
def test_an_endless_listing_is_refused(
    hub: FakeHub, root: Path, monkeypatch: pytest.MonkeyPatch, entries: int, pages: int
) -> None:
    monkeypatch.setattr(listing, "MAX_PAGES", 20)
    hub.faults += [endless_page(hub, *(entry(path=f"{number}.json") for number in range(entries)))]
    error = download_error(hub, root)
    assert (error.code, error.retryable) == ("download_failed", False)
    assert "too many files" in error.message
    assert sum(TREE in request.path for request in hub.requests) == pages


def test_a_long_listing_can_be_cancelled(hub: FakeHub, root: Path) -> None:
    def stop(*_: int) -> None:
        raise InterruptedError

    hub.faults += [endless_page(hub)]
    with pytest.raises(InterruptedError):
        fetch(REPOSITORY, root, endpoint=hub.url, token=None, on_bytes=stop)
    assert sum(TREE in request.path for request in hub.requests) == 1


def test_a_listing_continues_after_a_server_error(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(TREE, status=503, times=2)]
    download(hub, root)
    assert is_complete(hub, root)


def test_a_listed_file_that_the_hub_does_not_have_is_an_error(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault("/config.json", status=404, headers={"X-Error-Code": "EntryNotFound"})]
    error = download_error(hub, root)
    assert (error.code, error.retryable) == ("download_failed", False)


# Failures of the hub.


def test_temporary_errors_are_retried(hub: FakeHub, root: Path) -> None:
    hub.faults += [
        Fault(f"/revision/{REPOSITORY.revision}", status=503, times=2),
        Fault(f"/{LARGE}", status=500, times=2),
        Fault("/config.json", cut_after_bytes=0),
    ]
    download(hub, root)
    assert is_complete(hub, root)


def test_retry_after_is_respected(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", status=429, headers={"Retry-After": "1"})]
    started_at = time.monotonic()
    progress = download(hub, root)
    assert time.monotonic() - started_at >= 1
    assert is_complete(hub, root)
    # The download reports that it is still running.
    assert len(progress) > len(set(progress))


@pytest.mark.parametrize("at", [f"/revision/{REPOSITORY.revision}", f"/{LARGE}"])
def test_a_long_retry_after_fails_the_download(hub: FakeHub, root: Path, at: str) -> None:
    hub.faults += [Fault(at, status=429, headers={"Retry-After": "3600"})]
    error = download_error(hub, root)
    assert (error.code, error.retryable, error.retry_after_s) == ("download_failed", True, 3600)
    assert "too many requests" in error.message


def test_a_failed_download_keeps_its_partial_file(hub: FakeHub, root: Path) -> None:
    hub.faults += [
        Fault(f"/{LARGE}", cut_after_bytes=500_000),
        Fault(f"/{LARGE}", cut_after_bytes=0, times=len(backoff.WAITS_S) + 1),
    ]
    error = download_error(hub, root)
    assert (error.code, error.retryable) == ("download_failed", True)
    assert "resumes where it stopped" in error.message
    assert partial_bytes(root) == 500_000
    download(hub, root)
    assert hub.starts(LARGE)[-1] == 500_000


def test_an_unreachable_hub_is_an_error(hub: FakeHub, root: Path) -> None:
    hub.url = f"http://127.0.0.1:{free_port()}"
    error = download_error(hub, root)
    assert (error.code, error.retryable) == ("download_failed", True)
    assert "no network" in error.message


def test_the_endpoint_may_end_with_a_slash(hub: FakeHub, root: Path) -> None:
    hub.url += "/"
    download(hub, root)
    assert is_complete(hub, root)


def test_a_server_that_is_not_a_hub_is_an_error(hub: FakeHub, root: Path) -> None:
    hub.url = hub.store_url
    error = download_error(hub, root)
    assert "HF_ENDPOINT" in error.message


# Disk space.


def test_a_too_small_disk_fails_before_the_first_byte(
    hub: FakeHub, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_space, "RESERVE_BYTES", 10**15)
    error = download_error(hub, root)
    assert error.code == "disk_too_small"
    assert "needs 2.0 MB" in error.message
    assert "make room" in error.message
    assert hub.fetched() == []


def test_complete_weights_need_no_disk_space(
    hub: FakeHub, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    download(hub, root)
    monkeypatch.setattr(disk_space, "RESERVE_BYTES", 10**15)
    download(hub, root)


def test_a_download_stops_when_others_fill_the_disk(
    hub: FakeHub, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(done: int, _total: int) -> None:
        if done:
            monkeypatch.setattr(disk_space, "RESERVE_BYTES", 10**15)

    with pytest.raises(DownloadError) as raised:
        fetch(REPOSITORY, root, endpoint=hub.url, token=None, on_bytes=fill)
    assert (raised.value.code, raised.value.retryable) == ("storage_full", True)


@pytest.mark.skipif(not can_mount(), reason="needs a small disk: mounting is not permitted here")
@pytest.mark.parametrize(("reserve_bytes", "code"), [(0, "disk_too_small"), (-(10**9), "storage_full")])
def test_a_small_disk_is_an_error(hub: FakeHub, tmp_path: Path, reserve_bytes: int, code: str) -> None:
    """With a negative reserve, the disk is full before the check fails."""
    command = [sys.executable, "-c", DOWNLOAD_SCRIPT, str(tmp_path), hub.url, str(reserve_bytes)]
    done = subprocess.run(
        on_a_small_disk(tmp_path, *command), check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith(f"{code} ")
    assert "make room" in done.stdout
    assert bool(hub.fetched()) == (code == "storage_full")


def test_an_unwritable_models_folder_is_an_error(hub: FakeHub, root: Path) -> None:
    root.write_text("a file, where a folder should be")
    error = download_error(hub, root)
    assert (error.code, error.retryable) == ("download_failed", True)
    assert "cannot be written" in error.message
