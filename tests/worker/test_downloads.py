"""Downloads from their row to complete weights, with hubs on loopback."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from hibari import voices as registry
from pydantic import SecretStr

from common import downloads
from common.catalogue import find_weights
from common.downloads import DownloadRecord
from common.ids import new_id
from common.messaging import events
from common.messaging.broker import queue_key
from common.messaging.events import Event
from common.messaging.queue_names import OPS
from common.settings import Settings
from tests.support.disks import can_mount, on_a_small_disk
from tests.support.fake_hub import TOKEN, FakeHub, Fault
from tests.support.fake_repositories import make_repositories
from tests.support.ports import free_port
from tests.support.waiting import wait_for
from worker.engines.hibari.download import missing_voices
from worker.host.models_folder import check_presence
from worker.ops.downloads import MAX_AT_ONCE, _slots, run_download
from worker.runtime.context import WorkerContext

CONTENT = os.urandom(3_000_000)


class _VoiceHandler(SimpleHTTPRequestHandler):
    requested: list[str]

    def __init__(self, *args: Any, requested: list[str], **kwargs: Any) -> None:
        self.requested = requested
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        self.requested.append(Path(self.path).name)
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Keep the output of the tests clean."""


@dataclass
class VoiceServer:
    """A server with the voice `emma`. `requested` are the names of the requested files."""

    url: str
    requested: list[str]


@pytest.fixture
def voice_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VoiceServer]:
    root = tmp_path / "served"
    folder = root / urlsplit(registry.BASE_URL).path[1:]
    folder.mkdir(parents=True)
    (folder / "emma.onnx").write_bytes(CONTENT)
    entry = {
        "file": "emma.onnx",
        "bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "british": True,
    }
    monkeypatch.setitem(registry.VOICES, "emma", entry)
    requested: list[str] = []
    handler = partial(_VoiceHandler, directory=root, requested=requested)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield VoiceServer(f"http://127.0.0.1:{server.server_address[1]}", requested)
    server.shutdown()
    server.server_close()


@contextmanager
def ops_worker(settings: Settings, *, endpoint: str) -> Iterator[WorkerContext]:
    """The context of an ops worker that was not started."""
    opened = WorkerContext(settings.model_copy(update={"hf_endpoint": endpoint}), aliases=())
    yield opened
    opened.redis_link.close()
    opened.database.close()


@pytest.fixture
def worker(settings: Settings, voice_server: VoiceServer) -> Iterator[WorkerContext]:
    with ops_worker(settings, endpoint=voice_server.url) as opened:
        yield opened


def request(worker: WorkerContext, item: str = "emma", *, model: str = "hibari") -> str:
    with worker.database.write() as connection:
        return downloads.request(connection, new_id=new_id(), model=model, item=item, bytes_total=0)[0]


def row_of(worker: WorkerContext, download_id: str) -> DownloadRecord:
    with worker.database.read() as connection:
        row = downloads.get(connection, download_id)
    assert row is not None
    return row


def test_a_voice_is_downloaded_and_its_row_completed(
    worker: WorkerContext, voice_server: VoiceServer
) -> None:
    assert "emma" in missing_voices(worker.settings.models_dir)
    download_id = request(worker)
    run_download(worker, download_id)
    row = row_of(worker, download_id)
    assert (row.status, row.error_code, row.error_message) == ("completed", None, None)
    assert (row.bytes_done, row.bytes_total) == (len(CONTENT), len(CONTENT))
    assert row.finished_at >= row.created_at
    assert (worker.settings.models_dir / "hibari" / "emma.onnx").read_bytes() == CONTENT
    assert "emma" not in missing_voices(worker.settings.models_dir)


def test_a_message_that_arrives_twice_downloads_once(
    worker: WorkerContext, voice_server: VoiceServer
) -> None:
    download_id = request(worker)
    run_download(worker, download_id)
    run_download(worker, download_id)
    run_download(worker, "unknown")
    assert voice_server.requested == ["emma.onnx"]


def test_a_download_without_network_fails_and_can_be_repeated(
    settings: Settings, worker: WorkerContext
) -> None:
    with ops_worker(settings, endpoint=f"http://127.0.0.1:{free_port()}") as offline:
        _assert_fails(offline, code="download_failed", message="no network")
    _assert_succeeds(worker)


def test_a_file_missing_on_the_server_fails_the_download(
    worker: WorkerContext, voice_server: VoiceServer
) -> None:
    registry.VOICES["emma"]["file"] = "gone.onnx"
    _assert_fails(worker, code="download_failed", message="could not be downloaded")
    assert voice_server.requested == ["gone.onnx"]


def test_a_damaged_file_is_deleted(worker: WorkerContext, voice_server: VoiceServer) -> None:
    registry.VOICES["emma"]["sha256"] = "0" * 64
    _assert_fails(worker, code="download_failed", message="damaged")
    assert list((worker.settings.models_dir / "hibari").iterdir()) == []
    registry.VOICES["emma"]["sha256"] = hashlib.sha256(CONTENT).hexdigest()
    _assert_succeeds(worker)


def test_a_models_folder_that_cannot_be_written_fails_the_download(
    worker: WorkerContext, voice_server: VoiceServer
) -> None:
    worker.settings.models_dir.write_text("a file, where a folder should be")
    _assert_fails(worker, code="download_failed", message="cannot be written")


# Runs in a process of its own, whose models folder is a disk of its own.
ON_A_SMALL_DISK = """
import sys
from pathlib import Path
from hibari import voices as registry
from worker.engines.hibari.download import download_voice
from worker.hub.errors import DownloadError

registry.VOICES["emma"]["file"] = "emma.onnx"
try:
    download_voice("emma", Path(sys.argv[1]), lambda *_: None, base_url=sys.argv[2])
except DownloadError as error:
    print(error.code, error.message)
"""


@pytest.mark.skipif(not can_mount(), reason="needs permission to mount a small disk")
def test_a_full_disk_is_not_reported_as_a_missing_network(voice_server: VoiceServer, tmp_path: Path) -> None:
    base_url = voice_server.url + urlsplit(registry.BASE_URL).path
    command = on_a_small_disk(tmp_path, sys.executable, "-c", ON_A_SMALL_DISK, str(tmp_path), base_url)
    result = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert result.stdout.startswith("storage_full ")
    assert "make room" in result.stdout
    assert voice_server.requested == ["emma.onnx"]


@pytest.mark.parametrize("model", ["hibari", "mms"])
def test_an_item_of_a_newer_release_fails_at_once(
    worker: WorkerContext, voice_server: VoiceServer, model: str
) -> None:
    download_id = request(worker, "of_a_newer_release", model=model)
    run_download(worker, download_id)
    row = row_of(worker, download_id)
    assert (row.status, row.error_code) == ("failed", "download_failed")
    assert "update it" in row.error_message
    assert voice_server.requested == []


def test_a_voice_that_is_present_is_not_downloaded(worker: WorkerContext, voice_server: VoiceServer) -> None:
    download_id = request(worker, "heart")
    run_download(worker, download_id)
    assert row_of(worker, download_id).status == "completed"
    assert voice_server.requested == []


# Weights from the hub.

FRENCH = find_weights("mms_fra")
LARGE = "/model.safetensors"


@pytest.fixture
def weights_hub() -> Iterator[FakeHub]:
    with FakeHub(*make_repositories(FRENCH, large_bytes=2_000_000)) as running:
        yield running


@pytest.fixture
def hub_worker(settings: Settings, weights_hub: FakeHub) -> Iterator[WorkerContext]:
    with ops_worker(settings, endpoint=weights_hub.url) as opened:
        yield opened


def request_french(worker: WorkerContext) -> str:
    return request(worker, "mms_fra", model="mms")


@contextmanager
def running_in_background(worker: WorkerContext, download_id: str) -> Iterator[Thread]:
    thread = Thread(target=run_download, args=(worker, download_id))
    thread.start()
    yield thread
    thread.join(30)
    assert not thread.is_alive()


def events_of(worker: WorkerContext, download_id: str) -> list[Event]:
    with redis.Redis.from_url(worker.settings.redis_url) as client:
        key = events.stream_key(download_id, prefix=worker.settings.queue_prefix)
        entries: Any = client.xrange(key)
    return events.from_stream(download_id, entries)


def test_weights_are_downloaded_with_progress_events(hub_worker: WorkerContext) -> None:
    download_id = request_french(hub_worker)
    run_download(hub_worker, download_id)
    row = row_of(hub_worker, download_id)
    assert row.status == "completed"
    assert row.bytes_done == row.bytes_total > 2_000_000
    assert check_presence(FRENCH, hub_worker.settings.models_dir).state == "complete"
    published = events_of(hub_worker, download_id)
    assert published[0].name == "progress"
    assert published[-1].name == "completed"
    complete = {"bytes_done": row.bytes_total, "bytes_total": row.bytes_total, "percent": 100.0}
    assert published[-1].data == complete
    assert set(published[0].data) == set(complete)


def test_a_failure_says_what_to_do(hub_worker: WorkerContext, weights_hub: FakeHub) -> None:
    weights_hub.only("facebook/mms-tts-fra").gated = True
    download_id = request_french(hub_worker)
    run_download(hub_worker, download_id)
    row = row_of(hub_worker, download_id)
    last = events_of(hub_worker, download_id)[-1]
    assert (last.name, last.data) == ("failed", {"code": row.error_code, "message": row.error_message})
    assert "HF_TOKEN" in row.error_message


def test_the_token_of_the_settings_is_used(settings: Settings, weights_hub: FakeHub) -> None:
    weights_hub.only("facebook/mms-tts-fra").gated = True
    with_token = settings.model_copy(update={"hf_token": SecretStr(TOKEN)})
    with ops_worker(with_token, endpoint=weights_hub.url) as worker:
        download_id = request_french(worker)
        run_download(worker, download_id)
        assert row_of(worker, download_id).status == "completed"


def test_a_stopping_worker_hands_the_download_back_and_another_resumes_it(
    settings: Settings, hub_worker: WorkerContext, weights_hub: FakeHub
) -> None:
    weights_hub.faults += [Fault(LARGE, hold_after_bytes=1_000_000)]
    download_id = request_french(hub_worker)
    with running_in_background(hub_worker, download_id):
        partial_file = hub_worker.settings.models_dir / "facebook_mms-tts-fra/model.safetensors.part"
        wait_for(lambda: partial_file.exists() and partial_file.stat().st_size == 1_000_000)
        hub_worker.begin_stop()
        weights_hub.release.set()
    assert row_of(hub_worker, download_id).status == "queued"

    with ops_worker(settings, endpoint=weights_hub.url) as another:
        run_download(another, download_id)
    assert row_of(hub_worker, download_id).status == "completed"
    first, resumed = weights_hub.starts(LARGE[1:])
    assert first is None
    assert resumed is not None
    assert resumed >= 1_000_000


def test_downloads_beyond_the_limit_wait_for_their_message(
    hub_worker: WorkerContext, weights_hub: FakeHub
) -> None:
    weights_hub.faults += [Fault(LARGE, hold_after_bytes=0)]
    running, queued = request_french(hub_worker), request(hub_worker, "mms_deu", model="mms")
    with ExitStack() as held:
        for _ in range(MAX_AT_ONCE - 1):
            held.enter_context(_slots)
        held.enter_context(running_in_background(hub_worker, running))
        wait_for(lambda: weights_hub.starts(LARGE[1:]))
        run_download(hub_worker, queued)
        assert row_of(hub_worker, queued).status == "queued"
        weights_hub.release.set()
    # The download that ended notified a worker of the one that waits.
    with redis.Redis.from_url(hub_worker.settings.redis_url) as client:
        (message,) = client.lrange(queue_key(OPS, prefix=hub_worker.settings.queue_prefix), 0, -1)
    assert json.loads(base64.b64decode(json.loads(message)["body"]))[0] == [queued]


def _assert_succeeds(worker: WorkerContext) -> None:
    download_id = request(worker)
    run_download(worker, download_id)
    assert row_of(worker, download_id).status == "completed"


def _assert_fails(worker: WorkerContext, *, code: str, message: str) -> None:
    download_id = request(worker)
    run_download(worker, download_id)
    row = row_of(worker, download_id)
    assert (row.status, row.error_code) == ("failed", code)
    assert message in row.error_message
    assert row.finished_at is not None
