"""Fetching repositories of a hub on loopback that cuts, stalls, lies and refuses."""

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
    sha256,
    small_one,
    small_ones,
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
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "WAITS_S", (0.01,) * len(backoff.WAITS_S))


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(small_one(REPOSITORY, large_bytes=LARGE_BYTES)) as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


def bring(
    hub: FakeHub, root: Path, *, weights: Weights = FRENCH, token: str | None = None
) -> list[tuple[int, int]]:
    """What was told on the way."""
    told: list[tuple[int, int]] = []
    fetch_weights(
        weights, root, endpoint=hub.url, token=token, on_bytes=lambda done, total: told.append((done, total))
    )
    return told


def refusal(
    hub: FakeHub, root: Path, *, token: str | None = None, repository: Repository = REPOSITORY
) -> DownloadError:
    with pytest.raises(DownloadError) as raised:
        fetch(repository, root, endpoint=hub.url, token=token, on_bytes=lambda *_: None)
    assert check_presence(FRENCH, root).state != "complete"
    return raised.value


def folder_of(root: Path) -> Path:
    return root / REPOSITORY.folder


def source(hub: FakeHub) -> dict[str, bytes]:
    files = hub.only(REPOSITORY.hub_id).files("main")
    assert files is not None
    return files


def is_whole(hub: FakeHub, root: Path) -> bool:
    there = {path.name: path.read_bytes() for path in folder_of(root).iterdir() if path.name != MANIFEST_NAME}
    return all(source(hub)[name] == content for name, content in there.items()) and LARGE in there


def test_what_is_worth_having_arrives_with_a_note(
    hub: FakeHub, root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told = bring(hub, root)

    assert is_whole(hub, root)
    wanted = {LARGE, "config.json", "vocab.json", "tokenizer_config.json", "special_tokens_map.json"}
    note = json.loads((folder_of(root) / MANIFEST_NAME).read_text())
    assert wanted < set(note["files"])
    assert set(note["files"]) == {path.name for path in folder_of(root).iterdir()} - {MANIFEST_NAME}
    assert not set(note["files"]) & {"README.md", "pytorch_model.bin"}
    assert note["files"][LARGE] == {"size_bytes": LARGE_BYTES, "sha256": sha256(source(hub)[LARGE])}
    config = source(hub)["config.json"]
    assert note["files"]["config.json"] == {"size_bytes": len(config), "git_sha1": git_sha1(config)}
    found = check_presence(FRENCH, root)
    assert (found.state, found.revision) == ("complete", REPOSITORY.revision)
    total = sum(about["size_bytes"] for about in note["files"].values())
    assert told == sorted(told)
    assert told[-1] == (total, total)
    assert capfd.readouterr() == ("", "")


def test_nothing_is_asked_that_is_not_needed_and_nothing_is_told(hub: FakeHub, root: Path) -> None:
    bring(hub, root)
    bring(hub, root)

    assert len(hub.fetched()) == len(set(hub.fetched()))
    assert {asked.method for asked in hub.requests} == {"GET"}
    assert {asked.headers["user-agent"].partition("/")[0] for asked in hub.requests} == {"oratioviva"}
    others = [
        asked.path for asked in hub.requests if not asked.stored and REPOSITORY.hub_id not in asked.path
    ]
    assert others == []


def test_nobody_asks_which_programs_are_agents(hub: FakeHub, root: Path, tmp_path: Path) -> None:
    environment = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home")}
    subprocess.run(
        [sys.executable, "-c", FETCHING, str(root), hub.url], check=True, env=os.environ | environment
    )
    assert is_whole(hub, root)
    assert [asked.path for asked in hub.requests if "agent" in asked.path] == []


def test_all_repositories_count_as_one_and_a_data_set_is_asked_for_as_one(root: Path) -> None:
    weights = find_weights("speecht5")
    with FakeHub(*small_ones(weights)) as hub:
        told = bring(hub, root, weights=weights)

    assert check_presence(weights, root).state == "complete"
    assert told[0][0] == 0
    # Before the list is known there is no total.
    assert {total for _, total in told if total} == {told[-1][0]}
    assert any(asked.path.startswith("/datasets/Matthijs/") for asked in hub.requests)
    assert [path.name for path in (root / "Matthijs_cmu-arctic-xvectors").glob("*.zip")] == [
        "spkrec-xvect.zip"
    ]


def test_files_in_folders_of_the_repository_keep_their_place(root: Path) -> None:
    weights = find_weights("kokoro")
    with FakeHub(*small_ones(weights)) as hub:
        bring(hub, root, weights=weights)
    assert (root / "onnx-community_Kokoro-82M-v1.0-ONNX/onnx/model.onnx").is_file()


def test_a_connection_that_is_cut_goes_on_where_it_stopped(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", cut_after_bytes=500_000, times=3)]
    bring(hub, root)
    assert is_whole(hub, root)
    assert hub.starts(LARGE) == [None, 500_000, 1_000_000, 1_500_000]


def test_a_connection_that_falls_silent_goes_on_where_it_stopped(
    hub: FakeHub, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "READ_TIMEOUT_S", 0.3)
    hub.faults += [Fault(f"/{LARGE}", hold_after_bytes=500_000)]
    bring(hub, root)
    assert is_whole(hub, root)
    assert hub.starts(LARGE) == [None, 500_000]


def test_a_server_that_knows_no_ranges_begins_again(hub: FakeHub, root: Path) -> None:
    hub.faults += [
        Fault(f"/{LARGE}", cut_after_bytes=500_000),
        Fault(f"/{LARGE}", ignores_range=True),
    ]
    bring(hub, root)
    assert is_whole(hub, root)
    assert hub.starts(LARGE) == [None, 500_000]


def test_a_range_that_the_server_refuses_is_forgotten(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", cut_after_bytes=500_000), Fault(f"/{LARGE}", status=416)]
    bring(hub, root)
    assert is_whole(hub, root)
    assert hub.starts(LARGE) == [None, 500_000, None]


def test_a_server_that_cuts_at_the_same_place_each_time_is_given_up(hub: FakeHub, root: Path) -> None:
    for _ in range(50):
        hub.faults += [Fault(f"/{LARGE}", cut_after_bytes=500_000), Fault(f"/{LARGE}", status=416)]
    error = refusal(hub, root)
    assert (error.code, error.retryable) == ("download_failed", True)
    assert hub.starts(LARGE) == [None, 500_000] * 3


def test_a_server_that_drips_is_given_up_and_what_came_is_kept(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", cut_after_bytes=1, times=50)]
    refusal(hub, root)
    assert part_bytes(root) == len(hub.starts(LARGE)) == len(backoff.WAITS_S) + 1
    hub.faults.clear()
    bring(hub, root)
    assert is_whole(hub, root)


# A process of its own, to be killed or to meet another one.
FETCHING = """
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


def start_fetching(hub: FakeHub, root: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FETCHING, str(root), hub.url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def part_bytes(root: Path) -> int:
    part = folder_of(root) / f"{LARGE}{PART_SUFFIX}"
    return part.stat().st_size if part.exists() else 0


def test_a_process_that_was_killed_is_followed_by_one_that_goes_on(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", hold_after_bytes=1_500_000)]
    with start_fetching(hub, root) as first:
        wait_for(lambda: part_bytes(root) > 1_000_000)
        first.kill()
    left_bytes = part_bytes(root)
    assert check_presence(FRENCH, root).state == "partial"

    told = bring(hub, root)

    assert is_whole(hub, root)
    assert check_presence(FRENCH, root).state == "complete"
    assert hub.starts(LARGE) == [None, left_bytes]
    # What is there counts from the start.
    assert next(done for done, _ in told if done) > 0
    assert told == sorted(told)


def test_two_who_ask_at_once_fetch_once(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", hold_after_bytes=500_000)]
    with start_fetching(hub, root) as first, start_fetching(hub, root) as second:
        wait_for(lambda: part_bytes(root) == 500_000)
        # Both have read the list of files: one of them waits for the other now.
        wait_for(lambda: sum("/revision/" in asked.path for asked in hub.requests) == 2)
        assert first.poll() is second.poll() is None
        hub.release.set()
        assert [one.communicate(timeout=30)[0] for one in (first, second)] == ["", ""]
    assert is_whole(hub, root)
    assert len(hub.fetched()) == len(set(hub.fetched()))


def test_a_file_that_was_damaged_here_is_fetched_again(hub: FakeHub, root: Path) -> None:
    bring(hub, root)
    place = folder_of(root) / LARGE
    place.write_bytes(bytes(LARGE_BYTES))
    hub.requests.clear()
    bring(hub, root)
    assert is_whole(hub, root)
    assert hub.fetched() == [LARGE]


def test_a_part_of_another_version_is_thrown_away(hub: FakeHub, root: Path) -> None:
    folder_of(root).mkdir(parents=True)
    (folder_of(root) / f"{LARGE}{PART_SUFFIX}").write_bytes(bytes(700_000))
    bring(hub, root)
    assert is_whole(hub, root)
    assert hub.starts(LARGE) == [700_000, None]


@pytest.mark.parametrize("left_bytes", [LARGE_BYTES, LARGE_BYTES + 1])
def test_a_part_that_is_too_much_is_thrown_away(hub: FakeHub, root: Path, left_bytes: int) -> None:
    folder_of(root).mkdir(parents=True)
    (folder_of(root) / f"{LARGE}{PART_SUFFIX}").write_bytes(bytes(left_bytes))
    bring(hub, root)
    assert is_whole(hub, root)
    assert hub.starts(LARGE) == [None]


def test_a_whole_part_is_only_moved(hub: FakeHub, root: Path) -> None:
    folder_of(root).mkdir(parents=True)
    (folder_of(root) / f"{LARGE}{PART_SUFFIX}").write_bytes(source(hub)[LARGE])
    bring(hub, root)
    assert is_whole(hub, root)
    assert LARGE not in hub.fetched()


def test_what_arrives_damaged_is_not_kept(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", damages=True)]
    error = refusal(hub, root)
    assert (error.code, error.retryable) == ("download_failed", True)
    assert f"{LARGE} arrived damaged" in error.message
    assert not (folder_of(root) / LARGE).exists()
    bring(hub, root)
    assert is_whole(hub, root)


def test_files_that_people_put_there_are_taken_as_they_are(hub: FakeHub, root: Path) -> None:
    folder_of(root).mkdir(parents=True)
    for name, content in source(hub).items():
        (folder_of(root) / name).parent.mkdir(exist_ok=True, parents=True)
        (folder_of(root) / name).write_bytes(content)
    bring(hub, root)
    assert hub.fetched() == []
    assert check_presence(FRENCH, root).revision == REPOSITORY.revision


def test_the_newest_commit_is_followed_and_only_what_changed_is_fetched(root: Path) -> None:
    weights = find_weights("mms_deu")
    (repository,) = weights.repositories
    assert repository.revision == "main"
    german = small_one(repository)
    with FakeHub(german) as hub:
        bring(hub, root, weights=weights)
        first = check_presence(weights, root)
        german.commit(german.commits[german.main] | {LARGE: content_of("newer", size_bytes=60_000)})
        hub.requests.clear()
        bring(hub, root, weights=weights)
    second = check_presence(weights, root)
    assert hub.fetched() == [LARGE]
    assert (first.revision, second.revision) == tuple(german.commits)
    assert second.state == "complete"


def test_who_stops_it_finds_the_part_later(hub: FakeHub, root: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        if done > 1_000_000:
            raise Stopped

    with pytest.raises(Stopped):
        fetch(REPOSITORY, root, endpoint=hub.url, token=None, on_bytes=stop)
    left_bytes = part_bytes(root)
    assert left_bytes > 1_000_000
    bring(hub, root)
    assert hub.starts(LARGE) == [None, left_bytes]


# Who may see what.


@pytest.fixture
def gated() -> Iterator[FakeHub]:
    with FakeHub(small_one(REPOSITORY, gated=True)) as running:
        yield running


def test_a_gated_repository_without_a_token(gated: FakeHub, root: Path) -> None:
    error = refusal(gated, root)
    assert (error.code, error.retryable) == ("download_failed", False)
    assert "Accept its licence" in error.message
    assert "HF_TOKEN" in error.message
    assert not (folder_of(root) / LARGE).exists()


def test_a_private_repository_is_not_there_without_a_token(hub: FakeHub, root: Path) -> None:
    hub.only(REPOSITORY.hub_id).private = True
    error = refusal(hub, root)
    assert "set HF_TOKEN if it is private" in error.message
    bring(hub, root, token=TOKEN)
    assert is_whole(hub, root)


def test_a_token_opens_it_and_stays_with_the_hub(gated: FakeHub, root: Path) -> None:
    bring(gated, root, token=TOKEN)
    assert check_presence(FRENCH, root).state == "complete"
    stored = [asked for asked in gated.requests if asked.stored]
    asked = [asked for asked in gated.requests if not asked.stored]
    assert stored
    assert not any("authorization" in one.headers for one in stored)
    assert {one.headers["authorization"] for one in asked} == {f"Bearer {TOKEN}"}


def test_a_token_that_is_not_valid_is_not_repeated(gated: FakeHub, root: Path) -> None:
    error = refusal(gated, root, token="hf_bad")
    assert "HF_TOKEN" in error.message
    assert "hf_bad" not in error.message


def test_a_token_of_the_home_folder_is_not_sent(
    hub: FakeHub, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody")
    bring(hub, root)
    assert not any("authorization" in asked.headers for asked in hub.requests)


# What the hub does not have.


@pytest.mark.parametrize(
    ("repository", "says"),
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
def test_what_the_hub_does_not_have(hub: FakeHub, root: Path, repository: Repository, says: str) -> None:
    error = refusal(hub, root, repository=repository)
    assert (error.code, error.retryable) == ("download_failed", False)
    assert says in error.message
    assert not root.exists()


@pytest.mark.parametrize(
    "name", ["../x.json", "/etc/x.json", "a/../../x.json", "..\\x.json", "a\0.json", "\ud800.json"]
)
def test_a_list_that_leads_out_of_the_folder_is_refused(root: Path, name: str) -> None:
    evil = FakeRepository("some/body")
    evil.commit({name: b"{}"})
    with FakeHub(evil) as hub:
        error = refusal(hub, root, repository=Repository("some/body", needed=(("*.json",),)))
    assert "outside of the repository's folder" in error.message
    assert hub.fetched() == []
    assert not root.exists()


COMMIT = f"/revision/{REPOSITORY.revision}"
TREE = f"/tree/{REPOSITORY.revision}"


def entry(**changes: Any) -> dict[str, Any]:
    return {"type": "file", "path": "x.json", "size": 2, "oid": "0" * 40} | changes


@pytest.mark.parametrize("sha", [None, 7, "", "main", "../../../etc", "A" * 40, "a" * 39, "a" * 40 + "\n"])
def test_a_commit_that_is_none_is_refused(hub: FakeHub, root: Path, sha: Any) -> None:
    hub.faults += [Fault(COMMIT, body=json.dumps({"id": REPOSITORY.hub_id, "sha": sha}).encode())]
    error = refusal(hub, root)
    assert (error.code, error.retryable) == ("download_failed", False)
    assert "an unknown format" in error.message
    assert not root.exists()


@pytest.mark.parametrize(
    "said",
    [
        7,
        [],
        *(entry(size=size) for size in (None, "2", -1, 1.5, True, 10**30)),
        *(entry(oid=oid) for oid in (None, 7, "../x", "0" * 39)),
        *(entry(lfs=lfs) for lfs in (7, {}, {"size": None, "oid": "0" * 64}, {"size": 2, "oid": None})),
        {"type": "file"},
    ],
)
def test_a_file_that_is_told_in_another_form_is_refused(hub: FakeHub, root: Path, said: Any) -> None:
    hub.faults += [Fault(TREE, body=json.dumps([said]).encode())]
    error = refusal(hub, root, repository=Repository(REPOSITORY.hub_id, (("*.json",),), REPOSITORY.revision))
    assert (error.code, error.retryable) == ("download_failed", False)
    assert "an unknown format" in error.message
    assert not root.exists()


@pytest.mark.parametrize("body", [b"", b"null", b"7", b"\xff", b"[" * 100_000, b"<html>"])
@pytest.mark.parametrize("at", [COMMIT, TREE])
def test_an_answer_of_another_form_is_refused(hub: FakeHub, root: Path, at: str, body: bytes) -> None:
    hub.faults += [Fault(at, body=body)]
    error = refusal(hub, root)
    assert (error.code, error.retryable) == ("download_failed", False)
    assert "an unknown format" in error.message


def endless(hub: FakeHub, *entries: dict[str, Any]) -> Fault:
    """A page that names itself as the next one."""
    link = {"Link": f'<{hub.url}/api/models/{REPOSITORY.hub_id}{TREE}?cursor=1>; rel="next"'}
    return Fault(TREE, times=10**6, body=json.dumps(entries).encode(), headers=link)


@pytest.mark.parametrize(("entries", "pages"), [(0, 20), (3, 20), (10_001, 1)])
def test_a_list_without_an_end_is_refused(
    hub: FakeHub, root: Path, monkeypatch: pytest.MonkeyPatch, entries: int, pages: int
) -> None:
    monkeypatch.setattr(listing, "MAX_PAGES", 20)
    hub.faults += [endless(hub, *(entry(path=f"{number}.json") for number in range(entries)))]
    error = refusal(hub, root)
    assert (error.code, error.retryable) == ("download_failed", False)
    assert "too many files" in error.message
    assert sum(TREE in asked.path for asked in hub.requests) == pages


def test_a_long_list_can_be_stopped(hub: FakeHub, root: Path) -> None:
    def stop(*_: int) -> None:
        raise InterruptedError

    hub.faults += [endless(hub)]
    with pytest.raises(InterruptedError):
        fetch(REPOSITORY, root, endpoint=hub.url, token=None, on_bytes=stop)
    assert sum(TREE in asked.path for asked in hub.requests) == 1


def test_a_list_that_stops_in_the_middle_goes_on(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(TREE, status=503, times=2)]
    bring(hub, root)
    assert is_whole(hub, root)


def test_a_file_that_went_away_meanwhile(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault("/config.json", status=404, headers={"X-Error-Code": "EntryNotFound"})]
    error = refusal(hub, root)
    assert (error.code, error.retryable) == ("download_failed", False)


# A hub that is in trouble.


def test_trouble_that_passes_is_waited_out(hub: FakeHub, root: Path) -> None:
    hub.faults += [
        Fault(f"/revision/{REPOSITORY.revision}", status=503, times=2),
        Fault(f"/{LARGE}", status=500, times=2),
        Fault("/config.json", cut_after_bytes=0),
    ]
    bring(hub, root)
    assert is_whole(hub, root)


def test_a_hub_that_asks_to_wait_is_left_alone_so_long(hub: FakeHub, root: Path) -> None:
    hub.faults += [Fault(f"/{LARGE}", status=429, headers={"Retry-After": "1"})]
    started_at = time.monotonic()
    told = bring(hub, root)
    assert time.monotonic() - started_at >= 1
    assert is_whole(hub, root)
    # Somebody is at work, and says so.
    assert len(told) > len(set(told))


@pytest.mark.parametrize("at", [f"/revision/{REPOSITORY.revision}", f"/{LARGE}"])
def test_a_hub_that_asks_for_an_hour_is_asked_again_by_people(hub: FakeHub, root: Path, at: str) -> None:
    hub.faults += [Fault(at, status=429, headers={"Retry-After": "3600"})]
    error = refusal(hub, root)
    assert (error.code, error.retryable, error.retry_after_s) == ("download_failed", True, 3600)
    assert "too many requests" in error.message


def test_trouble_that_does_not_pass_is_told_and_what_came_is_kept(hub: FakeHub, root: Path) -> None:
    hub.faults += [
        Fault(f"/{LARGE}", cut_after_bytes=500_000),
        Fault(f"/{LARGE}", cut_after_bytes=0, times=len(backoff.WAITS_S) + 1),
    ]
    error = refusal(hub, root)
    assert (error.code, error.retryable) == ("download_failed", True)
    assert "resumes where it stopped" in error.message
    assert part_bytes(root) == 500_000
    bring(hub, root)
    assert hub.starts(LARGE)[-1] == 500_000


def test_without_a_network(hub: FakeHub, root: Path) -> None:
    hub.url = f"http://127.0.0.1:{free_port()}"
    error = refusal(hub, root)
    assert (error.code, error.retryable) == ("download_failed", True)
    assert "no network" in error.message


def test_an_address_may_end_with_a_slash(hub: FakeHub, root: Path) -> None:
    hub.url += "/"
    bring(hub, root)
    assert is_whole(hub, root)


def test_something_else_that_answers_there(hub: FakeHub, root: Path) -> None:
    hub.url = hub.store_url
    error = refusal(hub, root)
    assert "HF_ENDPOINT" in error.message


# The disk.


def test_a_disk_that_is_too_small_is_refused_before_the_first_byte(
    hub: FakeHub, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_space, "RESERVE_BYTES", 10**15)
    error = refusal(hub, root)
    assert error.code == "disk_too_small"
    assert "needs 2.0 MB" in error.message
    assert "make room" in error.message
    assert hub.fetched() == []


def test_on_a_full_disk_what_is_there_needs_no_room(
    hub: FakeHub, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(hub, root)
    monkeypatch.setattr(disk_space, "RESERVE_BYTES", 10**15)
    bring(hub, root)


def test_a_disk_that_others_fill_is_not_filled_to_the_end(
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
def test_a_small_disk(hub: FakeHub, tmp_path: Path, reserve_bytes: int, code: str) -> None:
    """With less than nothing in reserve, the disk itself says that it is full."""
    command = [sys.executable, "-c", FETCHING, str(tmp_path), hub.url, str(reserve_bytes)]
    done = subprocess.run(
        on_a_small_disk(tmp_path, *command), check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith(f"{code} ")
    assert "make room" in done.stdout
    assert bool(hub.fetched()) == (code == "storage_full")


def test_a_models_folder_that_cannot_be_written(hub: FakeHub, root: Path) -> None:
    root.write_text("a file, where a folder should be")
    error = refusal(hub, root)
    assert (error.code, error.retryable) == ("download_failed", True)
    assert "cannot be written" in error.message
