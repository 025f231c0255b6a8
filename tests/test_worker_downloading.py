"""A download from its row to a voice that can be spoken, from a server on loopback."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hibari import voices as registry

from common import downloads
from common.identity import new_id
from common.settings import Settings
from common.tables import AnyRow
from tests.conftest import free_port
from tests.disks import can_mount, on_a_small_disk
from worker.downloading import download
from worker.engines.hibari_download import missing_voices
from worker.process import Process

CONTENT = os.urandom(3_000_000)


class _Hub(SimpleHTTPRequestHandler):
    asked: list[str]

    def __init__(self, *args: Any, asked: list[str], **kwargs: Any) -> None:
        self.asked = asked
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Tests say what they want to see."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A server that has the voice `emma`; the paths it was asked for."""
    served = tmp_path / "served"
    served.mkdir()
    (served / "emma.onnx").write_bytes(CONTENT)
    known = {
        "file": "emma.onnx",
        "bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "british": True,
    }
    monkeypatch.setitem(registry.VOICES, "emma", known)
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Hub, directory=served, asked=asked))
    monkeypatch.setattr(registry, "BASE_URL", f"http://127.0.0.1:{server.server_address[1]}/")
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def process(settings: Settings) -> Iterator[Process]:
    """An ops worker that was not started."""
    opened = Process(settings, aliases=())
    yield opened
    opened.bells.close()
    opened.database.close()


def ask(process: Process, item: str = "emma") -> str:
    with process.database.write() as connection:
        return downloads.request(connection, new_id=new_id(), model="hibari", item=item, bytes_total=0)[0]


def row_of(process: Process, download_id: str) -> AnyRow:
    with process.database.read() as connection:
        row = downloads.get(connection, download_id)
    assert row is not None
    return row


def test_the_voice_arrives_and_the_row_says_so(process: Process, hub: list[str]) -> None:
    assert "emma" in missing_voices(process.settings.models_dir)
    download_id = ask(process)
    download(process, download_id)
    row = row_of(process, download_id)
    assert (row.status, row.error_code, row.error_message) == ("completed", None, None)
    assert (row.bytes_done, row.bytes_total) == (len(CONTENT), len(CONTENT))
    assert row.finished_at >= row.created_at
    assert (process.settings.models_dir / "hibari" / "emma.onnx").read_bytes() == CONTENT
    assert "emma" not in missing_voices(process.settings.models_dir)


def test_a_bell_that_rings_twice_downloads_once(process: Process, hub: list[str]) -> None:
    download_id = ask(process)
    download(process, download_id)
    download(process, download_id)
    download(process, "unknown")
    assert hub == ["/emma.onnx"]


def test_without_a_network(process: Process, hub: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as offline:
        offline.setattr(registry, "BASE_URL", f"http://127.0.0.1:{free_port()}/")
        _fails(process, code="download_failed", says="no network")
    _succeeds(process)


def test_what_the_server_does_not_have(process: Process, hub: list[str]) -> None:
    registry.VOICES["emma"]["file"] = "gone.onnx"
    _fails(process, code="download_failed", says="could not be downloaded")
    assert hub == ["/gone.onnx"]


def test_a_damaged_file_is_not_kept(process: Process, hub: list[str]) -> None:
    registry.VOICES["emma"]["sha256"] = "0" * 64
    _fails(process, code="download_failed", says="damaged")
    assert list((process.settings.models_dir / "hibari").iterdir()) == []
    registry.VOICES["emma"]["sha256"] = hashlib.sha256(CONTENT).hexdigest()
    _succeeds(process)


def test_a_models_folder_that_cannot_be_written(process: Process, hub: list[str]) -> None:
    process.settings.models_dir.write_text("a file, where a folder should be")
    _fails(process, code="download_failed", says="cannot be written")


# A process of its own, for its models folder is a disk of its own.
ON_A_SMALL_DISK = """
import sys
from pathlib import Path
from hibari import voices as registry
from worker.engines.hibari_download import download
from worker.engines.protocol import EngineError

registry.VOICES["emma"]["file"] = "emma.onnx"
try:
    download("emma", Path(sys.argv[1]), lambda *_: None, base_url=sys.argv[2])
except EngineError as error:
    print(error.code, error.message)
"""


@pytest.mark.skipif(not can_mount(), reason="needs a small disk: mounting is not permitted here")
def test_a_full_disk_is_not_called_a_missing_network(hub: list[str], tmp_path: Path) -> None:
    command = on_a_small_disk(
        tmp_path, sys.executable, "-c", ON_A_SMALL_DISK, str(tmp_path), registry.BASE_URL
    )
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert answer.stdout.startswith("storage_full ")
    assert "make room" in answer.stdout
    assert hub == ["/emma.onnx"]


def test_a_voice_that_this_worker_does_not_know_fails_at_once(process: Process, hub: list[str]) -> None:
    download_id = ask(process, "of_a_newer_release")
    download(process, download_id)
    row = row_of(process, download_id)
    assert (row.status, row.error_code) == ("failed", "internal_error")
    assert hub == []


def _succeeds(process: Process) -> None:
    download_id = ask(process)
    download(process, download_id)
    assert row_of(process, download_id).status == "completed"


def _fails(process: Process, *, code: str, says: str) -> None:
    download_id = ask(process)
    download(process, download_id)
    row = row_of(process, download_id)
    assert (row.status, row.error_code) == ("failed", code)
    assert says in row.error_message
    assert row.finished_at is not None
