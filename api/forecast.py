"""How long things will take, from what was spoken lately and who is there to speak."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from common.catalogue import find_voice
from common.database import Database
from common.fleet import Seen, seen_lately
from common.jobs.reading import POSITION_MAX, backlog, chars_being_spoken, place_of, synthesis_s_per_char
from common.tables import AnyRow

RETRY_MIN_S, RETRY_MAX_S = 1.0, 600.0
# With nothing spoken yet, a guess: about ten times real time at 15 characters a second.
GUESS_S_PER_CHAR = 0.007
LATELY_H = 24


@dataclass(frozen=True, slots=True)
class Forecast:
    """`queue_position` is 1-based and None when the job is not queued."""

    queue_position: int | None
    eta_s: float | None


def forecast(connection: Connection, row: AnyRow) -> Forecast:
    if row.status == "running":
        return Forecast(None, _left_of_running(connection, row))
    place = place_of(connection, row.id) if row.status == "queued" else None
    if place is None:
        return Forecast(None, None)
    engine = _queue_of(row)
    workers = _serving(seen_lately(connection), engine)
    pace = _pace(connection, row.model)
    # Without a worker there is no time to tell.
    ahead = place.chars_ahead + chars_being_spoken(connection, engine=engine)
    eta_s = round(ahead * pace / workers + row.chars * pace, 2) if workers else None
    return Forecast(place.ahead + 1, eta_s)


def retry_after_s(database: Database) -> float:
    """When a full queue should have room again."""
    with database.read() as connection:
        waiting = backlog(connection, up_to=POSITION_MAX)
        workers = sum(seen.alive and seen.speaks for seen in seen_lately(connection))
        pace = _pace(connection, None)
    # Room for one is enough to come back; a tenth of the backlog keeps the crowd from coming all at once.
    wait_s = waiting.chars_ahead / 10 * pace / max(1, workers)
    return min(RETRY_MAX_S, max(RETRY_MIN_S, wait_s))


def _queue_of(row: AnyRow) -> str:
    """The weights whose queue it waits in, or the provider."""
    return find_voice(row.voice_id, allow_fake=True).weights if row.provider == "local" else str(row.provider)


def _left_of_running(connection: Connection, row: AnyRow) -> float | None:
    elapsed_s = max(0.0, time.time() - float(row.started_at or time.time()))
    if row.segments_done and row.segments_total:
        left = int(row.segments_total) - int(row.segments_done)
        return round(elapsed_s / int(row.segments_done) * left, 2)
    return round(max(0.0, int(row.chars) * _pace(connection, row.model) - elapsed_s), 2)


def _pace(connection: Connection, model: str | None) -> float:
    """Engine seconds per character."""
    since_hour = int(time.time() // 3600) - LATELY_H
    return synthesis_s_per_char(connection, model=model, since_hour=since_hour) or GUESS_S_PER_CHAR


def _serving(fleet: Sequence[Seen], engine: str) -> int:
    return sum(seen.alive and seen.voices_of(engine) is not None for seen in fleet)
