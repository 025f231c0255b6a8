"""Announcements of workers, on SQLite and Postgres."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from common import worker_registry
from common.db.database import Database, clock
from common.db.tables import Worker
from common.worker_registry import (
    ALIVE_WITHIN_S,
    KEPT_S,
    Announcement,
    FolderEntry,
    ServedWeights,
    WorkerStats,
    WorkerStatus,
)

HIBARI = Announcement(
    id="hibari@here:1",
    flavour="base",
    version="0.1.0",
    device="cpu",
    pid=1,
    pid_namespace="here 3b1c pid:[4026531836]",
    process_started=2**40,
    served=(
        ServedWeights(model="hibari", weights="hibari", voices=("heart", "emma"), loaded=True),
        ServedWeights(model="stub", weights="stub", voices=("*",), loaded=True),
    ),
    formats=("wav", "opus"),
    stats=WorkerStats(engine_calls={"hibari": 3, "stub": 0}, memory_bytes=5_000_000_000),
    folder=(FolderEntry(weights="mms_eng", state="partial", revision="a" * 40, size_bytes=7),),
)
OPS = Announcement(id="ops@here:2", flavour="ops", version="0.1.0", device="cpu", pid=2)


def announce(database: Database, *announcements: Announcement) -> None:
    for announcement in announcements:
        with database.write() as connection:
            worker_registry.announce(connection, announcement)


def read_workers(database: Database) -> list[WorkerStatus]:
    with database.read() as connection:
        return list(worker_registry.recent_workers(connection))


def set_silence(database: Database, worker_id: str, seconds: float) -> None:
    with database.write() as connection:
        connection.execute(
            update(Worker).where(Worker.id == worker_id).values(heartbeat_at=clock(connection) - seconds)
        )


def test_every_start_has_an_id_of_its_own() -> None:
    """A restarted container has the same host and pid. Its heartbeat must not hide the death of its predecessor."""
    first, second = (worker_registry.new_worker_id(["hibari", "stub"]) for _ in range(2))
    assert first != second
    assert first.startswith("hibari+stub@")
    assert worker_registry.new_worker_id([]).startswith("ops@")


def test_processes_are_found_in_their_own_namespace_only(database: Database) -> None:
    announce(database, HIBARI, OPS, replace(HIBARI, id="other@there:1", pid_namespace="there"))
    with database.read() as connection:
        found = worker_registry.processes_of(
            connection, [HIBARI.id, OPS.id, "other@there:1"], pid_namespace=str(HIBARI.pid_namespace)
        )
    assert [tuple(row) for row in found] == [(HIBARI.id, 1, 2**40)]


def test_an_announcement_is_read_back(database: Database) -> None:
    announce(database, HIBARI)
    [worker] = read_workers(database)
    assert worker.announcement == HIBARI
    assert worker.alive
    assert worker.voices_of("hibari") == ("heart", "emma")
    assert worker.voices_of("kokoro") is None
    with database.read() as connection:
        assert 0 <= clock(connection) - worker.heartbeat_at < 5


def test_a_second_announcement_replaces_the_first(database: Database) -> None:
    announce(database, HIBARI)
    set_silence(database, HIBARI.id, 20)
    [earlier] = read_workers(database)
    changed = replace(HIBARI, served=HIBARI.served[:1], stats=WorkerStats(memory_bytes=1))
    announce(database, changed)
    [later] = read_workers(database)
    assert later.announcement == changed
    assert later.started_at == earlier.started_at
    assert later.heartbeat_at > earlier.heartbeat_at + 19


def test_workers_are_ordered_by_heartbeat(database: Database) -> None:
    announce(database, HIBARI, OPS)
    assert [worker.announcement.id for worker in read_workers(database)] == [OPS.id, HIBARI.id]
    announce(database, HIBARI)
    assert [worker.announcement.id for worker in read_workers(database)] == [HIBARI.id, OPS.id]


def test_a_retired_worker_is_remembered_and_may_come_back(database: Database) -> None:
    announce(database, HIBARI, OPS)
    with database.write() as connection:
        worker_registry.retire(connection, HIBARI.id)
        worker_registry.retire(connection, "nobody@here:3")
    alive = {worker.announcement.id: worker.alive for worker in read_workers(database)}
    assert alive == {HIBARI.id: False, OPS.id: True}
    announce(database, HIBARI)
    assert all(worker.alive for worker in read_workers(database))


def test_a_replaced_worker_is_left_out(database: Database) -> None:
    announce(database, HIBARI)
    with database.write() as connection:
        worker_registry.retire(connection, HIBARI.id)
    elsewhere = replace(HIBARI, id="hibari@there:7")
    other_flavour = replace(HIBARI, id="mms@here:8", flavour="torch")
    announce(database, elsewhere, other_flavour)
    assert HIBARI.id in {worker.announcement.id for worker in read_workers(database)}
    other_engines = replace(HIBARI, id="inference@here:3")
    announce(database, other_engines)
    kept = {elsewhere.id, other_flavour.id, other_engines.id}
    assert {worker.announcement.id for worker in read_workers(database)} == {HIBARI.id, *kept}
    successor = replace(HIBARI, id="hibari+kokoro@here:9", pid=9)
    announce(database, successor)
    assert {worker.announcement.id for worker in read_workers(database)} == {*kept, successor.id}
    # It stays left out when the newer worker stops.
    with database.write() as connection:
        worker_registry.retire(connection, successor.id)
    assert HIBARI.id not in {worker.announcement.id for worker in read_workers(database)}


def test_the_row_has_the_columns_and_keys_of_earlier_releases(database: Database) -> None:
    served = ServedWeights(model="mms", weights="mms_fra", voices=("fra",), loaded=True, memory_bytes=9)
    folder = (FolderEntry(weights="mms_fra", state="complete", size_bytes=3),)
    announce(database, replace(HIBARI, served=(served,), folder=folder, stats=WorkerStats(loads=2)))
    with database.read() as connection:
        row = connection.execute(select(Worker.engines, Worker.folder, Worker.stats)).one()
    assert row.engines == [
        {
            "alias": "mms",
            "weights": "mms_fra",
            "voices": ["fra"],
            "loaded": True,
            "pinned": False,
            "in_use": False,
            "memory_bytes": 9,
            "trouble": None,
        }
    ]
    assert row.folder == [{"weights": "mms_fra", "state": "complete", "revision": None, "size_bytes": 3}]
    assert row.stats == {"engine_calls": {}, "memory_bytes": None, "loads": 2, "unloads": 0, "engines": 1}


def test_rows_of_other_releases_are_read(database: Database) -> None:
    announce(database, HIBARI)
    engines = [{"alias": "hibari", "voices": ["heart"]}, {"alias": "mms", "weights": "mms_fra", "new_key": 1}]
    rows = {"engines": engines, "folder": [{"weights": "mms_fra", "state": "partial"}], "stats": {"new": 1}}
    with database.write() as connection:
        connection.execute(update(Worker).values(**rows))
    [worker] = read_workers(database)
    assert worker.announcement.served == (
        ServedWeights(model="hibari", weights="hibari", voices=("heart",)),
        ServedWeights(model="mms", weights="mms_fra"),
    )
    assert worker.announcement.folder == (FolderEntry(weights="mms_fra", state="partial"),)
    assert worker.announcement.stats == WorkerStats()


@pytest.mark.parametrize(
    ("silent_s", "alive"),
    [(0.0, True), (ALIVE_WITHIN_S - 5, True), (ALIVE_WITHIN_S + 1, False), (KEPT_S - 60, False)],
)
def test_a_silent_worker_is_known_but_not_alive(database: Database, silent_s: float, alive: bool) -> None:
    announce(database, HIBARI)
    set_silence(database, HIBARI.id, silent_s)
    [worker] = read_workers(database)
    assert worker.alive == alive
    assert worker.voices_of("stub") == ("*",)


def test_a_worker_is_forgotten_after_a_day(database: Database) -> None:
    announce(database, HIBARI, OPS)
    set_silence(database, HIBARI.id, KEPT_S + 1)
    assert [worker.announcement.id for worker in read_workers(database)] == [OPS.id]
    announce(database, HIBARI)
    assert len(read_workers(database)) == 2
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Worker)) == 2


def test_the_cost_of_leaving_out_replaced_workers_is_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that crashes after each start announces itself under thousands of ids a day."""
    comparisons = 0

    class CountedSet(frozenset[str]):
        def __le__(self, other: object) -> bool:
            nonlocal comparisons
            comparisons += 1
            return super().__le__(other)  # type: ignore[operator]

    monkeypatch.setattr(worker_registry, "frozenset", CountedSet, raising=False)
    workers = [
        WorkerStatus(replace(HIBARI, id=f"hibari@here:{pid}"), pid, pid + 0.5, alive=False, stopped=True)
        for pid in range(1000)
    ]
    assert worker_registry._without_replaced(workers) == workers[-1:]
    assert comparisons < 2 * len(workers)
