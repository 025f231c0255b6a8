"""GET /models/downloads/{id}/events: a snapshot, then events until the download ends."""

import threading
from collections.abc import Iterator

import httpx
import pytest

from api.models import download_events
from common import downloads
from common.db.leased_table import Lease
from common.settings import Settings
from tests.api.test_events import Message, parse
from tests.support.gateway import RunningGateway, run_gateway
from tests.support.waiting import wait_for

HALF = {"bytes_done": 50, "bytes_total": 100, "percent": 50.0}
WHOLE = {"bytes_done": 100, "bytes_total": 100, "percent": 100.0}


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with run_gateway(settings) as running:
        wait_for(lambda: running.client.get("/health").json()["broker_ok"])
        yield running


def request_download(gateway: RunningGateway) -> str:
    (download,) = gateway.client.post("/models/download", json={"models": ["mms_fra"]}).json()["downloads"]
    return str(download["id"])


def begin(gateway: RunningGateway, download_id: str, *, bytes_done: int = 0, publish: bool = True) -> None:
    """Start a download as a worker does: first the row, then the event."""
    with gateway.database.write() as connection:
        claim = downloads.claim(connection, download_id, worker_id="stand-in", lease_s=600)
        assert claim is not None
        downloads.report(connection, claim, bytes_done=bytes_done, bytes_total=100)
    if publish:
        percent = float(bytes_done)
        gateway.publish_event(
            download_id, "progress", bytes_done=bytes_done, bytes_total=100, percent=percent
        )


def end(gateway: RunningGateway, download_id: str, *, code: str | None = None, publish: bool = True) -> None:
    with gateway.database.write() as connection:
        # Each download in these tests is claimed once.
        lease = Lease(downloads.DOWNLOADS, (download_id,), 1)
        claim = downloads.ClaimedDownload(lease, download_id, "hibari", "emma")
        if code is None:
            downloads.report(connection, claim, bytes_done=100, bytes_total=100)
            assert downloads.finish(connection, claim)
        else:
            assert downloads.fail(connection, claim, code=code, message="Make room.")
    if publish and code:
        gateway.publish_event(download_id, "failed", code=code, message="Make room.")
    elif publish:
        gateway.publish_event(download_id, "completed", **WHOLE)


class Reader:
    """A client that reads events in a thread."""

    def __init__(self, gateway: RunningGateway, download_id: str) -> None:
        self.messages: list[Message] = []
        self.headers = httpx.Headers()
        self._gateway, self._path = gateway, f"/models/downloads/{download_id}/events"
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        self.wait_for("snapshot")

    def _read(self) -> None:
        with self._gateway.client.stream("GET", self._path) as response:
            self.headers = response.headers
            for message in parse(response.iter_lines()):
                self.messages.append(message)

    def wait_for(self, name: str) -> None:
        wait_for(lambda: name in [message.name for message in self.messages], timeout_s=10)

    def events(self) -> list[tuple[str, object]]:
        """Return the events after the snapshot."""
        self._thread.join(10)
        assert not self._thread.is_alive(), "the stream has not ended"
        return [(message.name, message.data) for message in self.messages[1:]]


def test_a_stream_has_all_events_from_the_snapshot_to_the_end(gateway: RunningGateway) -> None:
    download_id = request_download(gateway)
    reader = Reader(gateway, download_id)
    snapshot = reader.messages[0].data
    assert (snapshot["id"], snapshot["status"], snapshot["item"]) == (download_id, "queued", "mms_fra")
    begin(gateway, download_id, bytes_done=50)
    end(gateway, download_id)
    assert reader.events() == [("progress", HALF), ("completed", WHOLE)]
    assert reader.headers["content-type"].startswith("text/event-stream")
    assert reader.headers["x-accel-buffering"] == "no"


def test_a_failure_has_code_and_message(gateway: RunningGateway) -> None:
    download_id = request_download(gateway)
    begin(gateway, download_id, publish=False)
    reader = Reader(gateway, download_id)
    end(gateway, download_id, code="storage_full")
    assert reader.events() == [("failed", {"code": "storage_full", "message": "Make room."})]


@pytest.mark.parametrize("code", [None, "download_failed"])
def test_a_download_that_ended_sends_its_final_event(gateway: RunningGateway, code: str | None) -> None:
    download_id = request_download(gateway)
    begin(gateway, download_id)
    end(gateway, download_id, code=code)
    reader = Reader(gateway, download_id)
    ((name, data),) = reader.events()
    assert (name, data) == (
        ("failed", {"code": code, "message": "Make room."}) if code else ("completed", WHOLE)
    )
    assert reader.messages[0].data == gateway.client.get(f"/models/downloads/{download_id}").json()


def test_lost_events_are_replaced_by_the_row(gateway: RunningGateway) -> None:
    download_id = request_download(gateway)
    reader = Reader(gateway, download_id)
    begin(gateway, download_id, bytes_done=50, publish=False)
    reader.wait_for("progress")
    end(gateway, download_id, publish=False)
    assert reader.events() == [("progress", HALF), ("completed", WHOLE)]


def test_an_idle_stream_sends_heartbeats(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_events, "HEARTBEAT_S", 0.05)
    download_id = request_download(gateway)
    with gateway.client.stream("GET", f"/models/downloads/{download_id}/events") as response:
        comment = next(line for line in response.iter_lines() if line.startswith(":"))
    assert comment


def test_a_gateway_that_stops_ends_the_stream(settings: Settings) -> None:
    with run_gateway(settings) as gateway:
        reader = Reader(gateway, request_download(gateway))
        gateway.server.handle_exit(15, None)
        assert reader.events() == []
