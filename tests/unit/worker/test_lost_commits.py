"""A commit that succeeds although the connection breaks before the answer: the retry must not delete the file."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from common.db.database import Database
from common.db.leased_table import Lease
from common.recordings import queries, renditions
from common.recordings.renditions import RenditionAudio
from common.settings import Settings
from common.store import Store, audio_key
from tests.support.rows import claim_part, complete, new_job, result_of, submit
from worker.ops import transcoding
from worker.runtime.leases import HeldLease
from worker.synthesis.outcomes import Outcomes


class LosesOneAnswer(Database):
    """Raises after its first commit, as a driver does whose connection is cut then."""

    is_cut = False

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with super().write() as connection:
            yield connection
        if not self.is_cut:
            self.is_cut = True
            raise OperationalError("COMMIT", {}, Exception("the connection broke"))


@pytest.fixture
def store(settings: Settings) -> Store:
    return Store(settings.store)


@pytest.fixture
def lossy(database_url: str) -> Iterator[LosesOneAnswer]:
    opened = LosesOneAnswer(database_url, role="worker")
    yield opened
    opened.close()


def context_of(database: Database, store: Store, events: list[str]) -> Any:
    notifier = SimpleNamespace(publish_event=lambda _topic, name, **_data: events.append(name))
    return SimpleNamespace(database=database, store=store, notifier=notifier)


def held_by(lease: Lease, database: Database) -> HeldLease:
    held = HeldLease(lease, database, lease_s=30.0, hand_back=lambda _connection: None)
    held.lost.wait = lambda _timeout_s=None: False  # type: ignore[method-assign]  # retry without a pause
    return held


def test_a_completed_job_keeps_its_audio(database: Database, lossy: LosesOneAnswer, store: Store) -> None:
    job, events = new_job(), list[str]()
    submit(database, job)
    part = claim_part(database, job)
    result = result_of(part)
    store.put(result.key, io.BytesIO(b"audio"))
    kept: Any = None  # the runner of the job deletes what is kept
    outcomes = Outcomes(context_of(lossy, store, events), part, held_by(part.lease, lossy), kept)
    assert outcomes.complete(result)
    assert lossy.is_cut
    assert events == ["completed"]
    assert store.size(result.key) == 5
    with database.read() as connection:
        assert queries.find_audio(connection, [job.id], owner="local")[job.id].key == result.key


def test_a_finished_rendition_keeps_its_audio(
    database: Database, lossy: LosesOneAnswer, store: Store
) -> None:
    job, events = new_job(), list[str]()
    submit(database, job)
    complete(database, job)
    with database.write() as connection:
        renditions.request(connection, job.id, audio_format="mp3", owner="local")
        claimed = renditions.claim(
            connection, job.id, audio_format="mp3", formats=("wav", "mp3"), worker_id="test", lease_s=30.0
        )
    assert claimed is not None
    key = audio_key(job.id, attempt=claimed.lease.attempt, extension="mp3")
    store.put(key, io.BytesIO(b"audio"))
    rendition = RenditionAudio(key, "0" * 64, "1" * 64, 24_000, 1.5, 5)
    transcoding._finish(context_of(lossy, store, events), claimed, held_by(claimed.lease, lossy), rendition)
    assert lossy.is_cut
    assert events == ["completed"]
    assert store.size(key) == 5
