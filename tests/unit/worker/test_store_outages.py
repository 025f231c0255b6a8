"""Finished speech waits for a store that is away, and no job fails for it."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from common.db.database import Database
from common.db.leased_table import Lease
from common.jobs import queries
from common.jobs.records import JobRecord
from common.recordings import renditions
from common.recordings.renditions import ClaimedRendition
from common.settings import Settings
from common.store import AUDIO_FOLDER, Store, StoreUnavailable, audio_key
from tests.support.claimed_parts import claimed_part
from tests.support.gateway import tiny_wav
from tests.support.pipeline_runner import PipelineRunner, ToneEngine, open_pipeline_runner
from tests.support.rows import claim_part, new_job, submit
from worker.ops import transcoding
from worker.runtime import store_wait
from worker.runtime.leases import HeldLease
from worker.synthesis.outcomes import Outcomes


@pytest.fixture
def runner(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[PipelineRunner]:
    monkeypatch.setattr(store_wait, "RETRY_EVERY_S", 0.0)
    with open_pipeline_runner(settings) as opened:
        yield opened


@pytest.fixture
def obstacle(settings: Settings) -> Path:
    """A file where the folder of the store should be."""
    path = settings.data_dir / Path(AUDIO_FOLDER).parent
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return path


def test_a_store_that_returns_in_time_gets_the_file(runner: PipelineRunner, obstacle: Path) -> None:
    engine, tries = ToneEngine(), []

    def check() -> None:
        tries.append(1)
        if len(tries) == 3:
            obstacle.unlink()

    result = runner.speak(claimed_part("Hello there."), engine, check=check, store_wait_s=60.0)
    assert runner.store.size(result.key) == result.size_bytes
    assert (len(tries), len(engine.spoken)) == (3, 1), "nothing is spoken again"


def test_a_longer_outage_is_reported_as_one(runner: PipelineRunner, obstacle: Path) -> None:
    assert obstacle.exists()
    with pytest.raises(StoreUnavailable):
        runner.speak(claimed_part("Hello there."), ToneEngine())


def test_waiting_ends_when_the_lease_is_lost(runner: PipelineRunner, obstacle: Path) -> None:
    assert obstacle.exists()

    class LeaseLost(Exception):
        pass

    def check() -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        runner.speak(claimed_part("Hello there."), ToneEngine(), check=check, store_wait_s=60.0)


def record(database: Database, job_id: str) -> JobRecord:
    with database.read() as connection:
        found = queries.get_job(connection, job_id, owner="local")
    assert found is not None
    return found


def test_a_job_that_is_put_off_counts_no_failure(database: Database) -> None:
    job, published = new_job(), list[Any]()
    submit(database, job)
    part = claim_part(database, job)
    notifier = SimpleNamespace(publish_event=lambda _topic, name, **data: published.append((name, data)))
    context: Any = SimpleNamespace(database=database, notifier=notifier)
    held = HeldLease(part.lease, database, lease_s=30.0, hand_back=lambda _connection: None)
    kept: Any = None  # nothing is kept while the store is away
    assert Outcomes(context, part, held, kept).put_off() is False
    row = record(database, job.id)
    assert (row.status, row.attempts, row.error_code) == ("queued", 0, None)
    [(name, data)] = published
    assert (name, data["code"]) == ("retrying", "store_unavailable")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE parts SET not_before = 0")
    again = claim_part(database, job)
    assert (again.failures, again.attempt) == (0, 2)


class TestTranscoding:
    """A conversion to another format waits for the store as well."""

    @pytest.fixture
    def claimed(self, settings: Settings) -> ClaimedRendition:
        job = new_job()
        key = audio_key(job.id, attempt=1, extension="wav")
        Store(settings.store).put(key, io.BytesIO(tiny_wav()))
        lease = Lease(renditions.RENDITIONS, (job.id, "flac"), 2)
        return ClaimedRendition(lease, key, "wav", "0" * 64, 0.1, "Hello.", "hibari_heart", 0.0)

    def convert(self, settings: Settings, claimed: ClaimedRendition, check: Callable[[], None]) -> str:
        context: Any = SimpleNamespace(settings=settings, store=Store(settings.store))
        return transcoding._convert(context, claimed, check).key

    def test_a_store_that_returns_in_time_gets_the_file(
        self, settings: Settings, claimed: ClaimedRendition, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store_wait, "RETRY_EVERY_S", 0.0)
        folder = settings.data_dir / AUDIO_FOLDER
        aside = folder.rename(folder.with_name("aside"))
        folder.touch()
        tries: list[int] = []

        def check() -> None:
            tries.append(1)
            if len(tries) == 2:
                folder.unlink()
                aside.rename(folder)

        assert Store(settings.store).size(self.convert(settings, claimed, check)) > 0

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
    def test_a_full_disk_is_reported_as_such(
        self, settings: Settings, claimed: ClaimedRendition, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        full = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115  # the conversion closes it
        spools: list[IO[bytes]] = [io.BytesIO(), full]
        monkeypatch.setattr(transcoding, "open_spool", lambda _data_dir: spools.pop(0))
        with pytest.raises(OSError, match="No space") as raised:
            self.convert(settings, claimed, lambda: None)
        assert transcoding._as_transcoding_error(raised.value).code == "storage_full"
