"""A download from its row to what can be spoken, from servers on loopback."""

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
from common.identity import new_id
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


class _Hub(SimpleHTTPRequestHandler):
    asked: list[str]

    def __init__(self, *args: Any, asked: list[str], **kwargs: Any) -> None:
        self.asked = asked
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        self.asked.append(Path(self.path).name)
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Tests say what they want to see."""


@dataclass
class Voices:
    """A server that has the voice `emma`; the files it was asked for."""

    url: str
    asked: list[str]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Voices]:
    served = tmp_path / "served"
    place = served / urlsplit(registry.BASE_URL).path[1:]
    place.mkdir(parents=True)
    (place / "emma.onnx").write_bytes(CONTENT)
    known = {
        "file": "emma.onnx",
        "bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "british": True,
    }
    monkeypatch.setitem(registry.VOICES, "emma", known)
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Hub, directory=served, asked=asked))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield Voices(f"http://127.0.0.1:{server.server_address[1]}", asked)
    server.shutdown()
    server.server_close()


@contextmanager
def ops_worker(settings: Settings, *, endpoint: str) -> Iterator[WorkerContext]:
    """One that was not started."""
    opened = WorkerContext(settings.model_copy(update={"hf_endpoint": endpoint}), aliases=())
    yield opened
    opened.redis_link.close()
    opened.database.close()


@pytest.fixture
def process(settings: Settings, hub: Voices) -> Iterator[WorkerContext]:
    with ops_worker(settings, endpoint=hub.url) as opened:
        yield opened


def ask(process: WorkerContext, item: str = "emma", *, model: str = "hibari") -> str:
    with process.database.write() as connection:
        return downloads.request(connection, new_id=new_id(), model=model, item=item, bytes_total=0)[0]


def row_of(process: WorkerContext, download_id: str) -> DownloadRecord:
    with process.database.read() as connection:
        row = downloads.get(connection, download_id)
    assert row is not None
    return row


def test_the_voice_arrives_and_the_row_says_so(process: WorkerContext, hub: Voices) -> None:
    assert "emma" in missing_voices(process.settings.models_dir)
    download_id = ask(process)
    run_download(process, download_id)
    row = row_of(process, download_id)
    assert (row.status, row.error_code, row.error_message) == ("completed", None, None)
    assert (row.bytes_done, row.bytes_total) == (len(CONTENT), len(CONTENT))
    assert row.finished_at >= row.created_at
    assert (process.settings.models_dir / "hibari" / "emma.onnx").read_bytes() == CONTENT
    assert "emma" not in missing_voices(process.settings.models_dir)


def test_a_bell_that_rings_twice_downloads_once(process: WorkerContext, hub: Voices) -> None:
    download_id = ask(process)
    run_download(process, download_id)
    run_download(process, download_id)
    run_download(process, "unknown")
    assert hub.asked == ["emma.onnx"]


def test_without_a_network(settings: Settings, process: WorkerContext) -> None:
    with ops_worker(settings, endpoint=f"http://127.0.0.1:{free_port()}") as offline:
        _fails(offline, code="download_failed", says="no network")
    _succeeds(process)


def test_what_the_server_does_not_have(process: WorkerContext, hub: Voices) -> None:
    registry.VOICES["emma"]["file"] = "gone.onnx"
    _fails(process, code="download_failed", says="could not be downloaded")
    assert hub.asked == ["gone.onnx"]


def test_a_damaged_file_is_not_kept(process: WorkerContext, hub: Voices) -> None:
    registry.VOICES["emma"]["sha256"] = "0" * 64
    _fails(process, code="download_failed", says="damaged")
    assert list((process.settings.models_dir / "hibari").iterdir()) == []
    registry.VOICES["emma"]["sha256"] = hashlib.sha256(CONTENT).hexdigest()
    _succeeds(process)


def test_a_models_folder_that_cannot_be_written(process: WorkerContext, hub: Voices) -> None:
    process.settings.models_dir.write_text("a file, where a folder should be")
    _fails(process, code="download_failed", says="cannot be written")


# A process of its own, for its models folder is a disk of its own.
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


@pytest.mark.skipif(not can_mount(), reason="needs a small disk: mounting is not permitted here")
def test_a_full_disk_is_not_called_a_missing_network(hub: Voices, tmp_path: Path) -> None:
    base_url = hub.url + urlsplit(registry.BASE_URL).path
    command = on_a_small_disk(tmp_path, sys.executable, "-c", ON_A_SMALL_DISK, str(tmp_path), base_url)
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert answer.stdout.startswith("storage_full ")
    assert "make room" in answer.stdout
    assert hub.asked == ["emma.onnx"]


@pytest.mark.parametrize("model", ["hibari", "mms"])
def test_what_this_worker_does_not_know_fails_at_once(
    process: WorkerContext, hub: Voices, model: str
) -> None:
    download_id = ask(process, "of_a_newer_release", model=model)
    run_download(process, download_id)
    row = row_of(process, download_id)
    assert (row.status, row.error_code) == ("failed", "download_failed")
    assert "update it" in row.error_message
    assert hub.asked == []


def test_a_voice_that_is_there_is_not_fetched(process: WorkerContext, hub: Voices) -> None:
    download_id = ask(process, "heart")
    run_download(process, download_id)
    assert row_of(process, download_id).status == "completed"
    assert hub.asked == []


# Weights, from the hub.

FRENCH = find_weights("mms_fra")
LARGE = "/model.safetensors"


@pytest.fixture
def weights_hub() -> Iterator[FakeHub]:
    with FakeHub(*make_repositories(FRENCH, large_bytes=2_000_000)) as running:
        yield running


@pytest.fixture
def fetcher(settings: Settings, weights_hub: FakeHub) -> Iterator[WorkerContext]:
    with ops_worker(settings, endpoint=weights_hub.url) as opened:
        yield opened


def ask_for_french(process: WorkerContext) -> str:
    return ask(process, "mms_fra", model="mms")


@contextmanager
def in_the_background(process: WorkerContext, download_id: str) -> Iterator[Thread]:
    thread = Thread(target=run_download, args=(process, download_id))
    thread.start()
    yield thread
    thread.join(30)
    assert not thread.is_alive()


def events_of(process: WorkerContext, download_id: str) -> list[Event]:
    with redis.Redis.from_url(process.settings.redis_url) as client:
        key = events.stream_key(download_id, prefix=process.settings.queue_prefix)
        entries: Any = client.xrange(key)
    return events.from_stream(download_id, entries)


def test_weights_arrive_and_whoever_listens_hears_it(fetcher: WorkerContext) -> None:
    download_id = ask_for_french(fetcher)
    run_download(fetcher, download_id)
    row = row_of(fetcher, download_id)
    assert row.status == "completed"
    assert row.bytes_done == row.bytes_total > 2_000_000
    assert check_presence(FRENCH, fetcher.settings.models_dir).state == "complete"
    heard = events_of(fetcher, download_id)
    assert heard[0].name == "progress"
    assert heard[-1].name == "completed"
    whole = {"bytes_done": row.bytes_total, "bytes_total": row.bytes_total, "percent": 100.0}
    assert heard[-1].data == whole
    assert set(heard[0].data) == set(whole)


def test_a_failure_is_told_with_what_to_do(fetcher: WorkerContext, weights_hub: FakeHub) -> None:
    weights_hub.only("facebook/mms-tts-fra").gated = True
    download_id = ask_for_french(fetcher)
    run_download(fetcher, download_id)
    row = row_of(fetcher, download_id)
    end = events_of(fetcher, download_id)[-1]
    assert (end.name, end.data) == ("failed", {"code": row.error_code, "message": row.error_message})
    assert "HF_TOKEN" in row.error_message


def test_the_token_of_the_settings_is_used(settings: Settings, weights_hub: FakeHub) -> None:
    weights_hub.only("facebook/mms-tts-fra").gated = True
    with_token = settings.model_copy(update={"hf_token": SecretStr(TOKEN)})
    with ops_worker(with_token, endpoint=weights_hub.url) as process:
        download_id = ask_for_french(process)
        run_download(process, download_id)
        assert row_of(process, download_id).status == "completed"


def test_a_process_that_stops_hands_it_back_and_another_goes_on(
    settings: Settings, fetcher: WorkerContext, weights_hub: FakeHub
) -> None:
    weights_hub.faults += [Fault(LARGE, hold_after_bytes=1_000_000)]
    download_id = ask_for_french(fetcher)
    with in_the_background(fetcher, download_id):
        part = fetcher.settings.models_dir / "facebook_mms-tts-fra/model.safetensors.part"
        wait_for(lambda: part.exists() and part.stat().st_size == 1_000_000)
        fetcher.begin_stop()
        weights_hub.release.set()
    assert row_of(fetcher, download_id).status == "queued"

    with ops_worker(settings, endpoint=weights_hub.url) as another:
        run_download(another, download_id)
    assert row_of(fetcher, download_id).status == "completed"
    begun, resumed = weights_hub.starts(LARGE[1:])
    assert begun is None
    assert resumed is not None
    assert resumed >= 1_000_000


def test_more_than_may_run_at_once_wait_for_their_bell(fetcher: WorkerContext, weights_hub: FakeHub) -> None:
    weights_hub.faults += [Fault(LARGE, hold_after_bytes=0)]
    running, waiting = ask_for_french(fetcher), ask(fetcher, "mms_deu", model="mms")
    with ExitStack() as held:
        for _ in range(MAX_AT_ONCE - 1):
            held.enter_context(_slots)
        held.enter_context(in_the_background(fetcher, running))
        wait_for(lambda: weights_hub.starts(LARGE[1:]))
        run_download(fetcher, waiting)
        assert row_of(fetcher, waiting).status == "queued"
        weights_hub.release.set()
    # The one that ended rang for the one that waits.
    with redis.Redis.from_url(fetcher.settings.redis_url) as client:
        (bell,) = client.lrange(queue_key(OPS, prefix=fetcher.settings.queue_prefix), 0, -1)
    assert json.loads(base64.b64decode(json.loads(bell)["body"]))[0] == [waiting]


def _succeeds(process: WorkerContext) -> None:
    download_id = ask(process)
    run_download(process, download_id)
    assert row_of(process, download_id).status == "completed"


def _fails(process: WorkerContext, *, code: str, says: str) -> None:
    download_id = ask(process)
    run_download(process, download_id)
    row = row_of(process, download_id)
    assert (row.status, row.error_code) == ("failed", code)
    assert says in row.error_message
    assert row.finished_at is not None
