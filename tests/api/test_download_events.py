"""GET /models/downloads/{id}/events: a snapshot, then what comes, ended with the download."""

import threading
from collections.abc import Iterator

import httpx
import pytest

from api.models import download_events
from common import downloads
from common.db.leased_table import Lease
from common.settings import Settings
from tests.api.test_events import Message, parse
from tests.support.gateway import Running, run_gateway
from tests.support.waiting import wait_for

HALF = {"bytes_done": 50, "bytes_total": 100, "percent": 50.0}
WHOLE = {"bytes_done": 100, "bytes_total": 100, "percent": 100.0}


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Running]:
    with run_gateway(settings) as running:
        wait_for(lambda: running.client.get("/health").json()["broker_ok"])
        yield running


def ask(gateway: Running) -> str:
    (asked,) = gateway.client.post("/models/download", json={"models": ["mms_fra"]}).json()["downloads"]
    return str(asked["id"])


def begin(gateway: Running, download_id: str, *, bytes_done: int = 0, tell: bool = True) -> None:
    """As the worker does it: first the row, then the event."""
    with gateway.database.write() as connection:
        held = downloads.claim(connection, download_id, worker_id="stand-in", lease_s=600)
        assert held is not None
        downloads.report(connection, held, bytes_done=bytes_done, bytes_total=100)
    if tell:
        percent = float(bytes_done)
        gateway.tell(download_id, "progress", bytes_done=bytes_done, bytes_total=100, percent=percent)


def end(gateway: Running, download_id: str, *, code: str | None = None, tell: bool = True) -> None:
    with gateway.database.write() as connection:
        # Each download here is claimed once.
        lease = Lease(downloads.DOWNLOADS, (download_id,), 1)
        held = downloads.ClaimedDownload(lease, download_id, "hibari", "emma")
        if code is None:
            downloads.report(connection, held, bytes_done=100, bytes_total=100)
            assert downloads.finish(connection, held)
        else:
            assert downloads.fail(connection, held, code=code, message="Make room.")
    if tell and code:
        gateway.tell(download_id, "failed", code=code, message="Make room.")
    elif tell:
        gateway.tell(download_id, "completed", **WHOLE)


class Reader:
    """A client that listens in a thread of its own."""

    def __init__(self, gateway: Running, download_id: str) -> None:
        self.messages: list[Message] = []
        self.headers = httpx.Headers()
        self._gateway, self._path = gateway, f"/models/downloads/{download_id}/events"
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        self.wait_for("snapshot")

    def _read(self) -> None:
        with self._gateway.client.stream("GET", self._path) as answer:
            self.headers = answer.headers
            for message in parse(answer.iter_lines()):
                self.messages.append(message)

    def wait_for(self, name: str) -> None:
        wait_for(lambda: name in [message.name for message in self.messages], timeout_s=10)

    def ended(self) -> list[tuple[str, object]]:
        """What came behind the snapshot."""
        self._thread.join(10)
        assert not self._thread.is_alive(), "the stream goes on"
        return [(message.name, message.data) for message in self.messages[1:]]


def test_a_download_is_followed_from_its_snapshot_to_its_end(gateway: Running) -> None:
    download_id = ask(gateway)
    reader = Reader(gateway, download_id)
    snapshot = reader.messages[0].data
    assert (snapshot["id"], snapshot["status"], snapshot["item"]) == (download_id, "queued", "mms_fra")
    begin(gateway, download_id, bytes_done=50)
    end(gateway, download_id)
    assert reader.ended() == [("progress", HALF), ("completed", WHOLE)]
    assert reader.headers["content-type"].startswith("text/event-stream")
    assert reader.headers["x-accel-buffering"] == "no"


def test_a_failure_says_what_to_do(gateway: Running) -> None:
    download_id = ask(gateway)
    begin(gateway, download_id, tell=False)
    reader = Reader(gateway, download_id)
    end(gateway, download_id, code="storage_full")
    assert reader.ended() == [("failed", {"code": "storage_full", "message": "Make room."})]


@pytest.mark.parametrize("code", [None, "download_failed"])
def test_one_that_ended_tells_its_end(gateway: Running, code: str | None) -> None:
    download_id = ask(gateway)
    begin(gateway, download_id)
    end(gateway, download_id, code=code)
    reader = Reader(gateway, download_id)
    ((name, data),) = reader.ended()
    assert (name, data) == (
        ("failed", {"code": code, "message": "Make room."}) if code else ("completed", WHOLE)
    )
    assert reader.messages[0].data == gateway.client.get(f"/models/downloads/{download_id}").json()


def test_what_is_not_told_is_seen_in_the_row(gateway: Running) -> None:
    download_id = ask(gateway)
    reader = Reader(gateway, download_id)
    begin(gateway, download_id, bytes_done=50, tell=False)
    reader.wait_for("progress")
    end(gateway, download_id, tell=False)
    assert reader.ended() == [("progress", HALF), ("completed", WHOLE)]


def test_a_quiet_stream_shows_that_it_lives(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_events, "HEARTBEAT_S", 0.05)
    download_id = ask(gateway)
    with gateway.client.stream("GET", f"/models/downloads/{download_id}/events") as answer:
        comment = next(line for line in answer.iter_lines() if line.startswith(":"))
    assert comment


def test_a_gateway_that_stops_ends_the_stream(settings: Settings) -> None:
    with run_gateway(settings) as gateway:
        reader = Reader(gateway, ask(gateway))
        gateway.server.handle_exit(15, None)
        assert reader.ended() == []
