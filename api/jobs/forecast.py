"""How long things will take, from what was spoken lately and who is there to speak."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from common.catalogue import Voice, find_voice
from common.db.database import Database
from common.jobs.queries import (
    POSITION_MAX,
    QueuePosition,
    backlog,
    chars_being_spoken,
    position_at_end,
    queue_position,
)
from common.jobs.records import JobRecord
from common.jobs.usage import spoken_by_voice, synthesis_s_per_char
from common.messaging.queue_names import job_queue
from common.providers import ProviderChoice
from common.worker_registry import WorkerStatus, recent_workers

RETRY_MIN_S, RETRY_MAX_S = 1.0, 600.0
# With nothing spoken yet, a guess: about ten times real time at 15 characters a second.
GUESS_S_PER_CHAR = 0.007
GUESS_CHARS_PER_S = 15.0
LATELY_H = 24


@dataclass(frozen=True, slots=True)
class Forecast:
    """`queue_position` is 1-based and None when the job is not queued."""

    queue_position: int | None
    eta_s: float | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a job that came now would find. `wait_s` is None when nobody is there who would ever take it."""

    jobs: int
    wait_s: float | None


@dataclass(frozen=True, slots=True)
class NewJobForecast:
    """For each character seconds of work and of sound, the latter None when nothing was spoken lately."""

    pace: float
    sound_per_char_s: float | None
    ahead: Ahead | None


def forecast(connection: Connection, row: JobRecord) -> Forecast:
    if row.status == "running":
        return Forecast(None, _left_of_running(connection, row))
    place = queue_position(connection, row.id) if row.status == "queued" else None
    if place is None:
        return Forecast(None, None)
    pace = synthesis_pace(connection, row.model, provider=row.provider)
    fleet = recent_workers(connection)
    wait_s = _wait_s(connection, place, fleet, engine=_queue_of(row), pace=pace)
    return Forecast(place.ahead + 1, None if wait_s is None else round(wait_s + row.chars * pace, 2))


def forecast_new(
    database: Database,
    voice: Voice,
    choice: ProviderChoice | None,
    fleet: Sequence[WorkerStatus],
    *,
    lane: str,
) -> NewJobForecast:
    """`choice` is None when the job would be refused now."""
    provider = choice.provider if choice else "local"
    with database.read() as connection:
        pace = synthesis_pace(connection, voice.model, provider=provider)
        sound_s = sound_per_char_s(connection, voice, provider=provider)
        if choice is None:
            return NewJobForecast(pace, sound_s, None)
        ahead = ahead_of_new(connection, fleet, engine=choice.engine, lane=lane, pace=pace)
    return NewJobForecast(pace, sound_s, ahead)


def ahead_of_new(
    connection: Connection, fleet: Sequence[WorkerStatus], *, engine: str, lane: str, pace: float
) -> Ahead:
    """Of a job for these weights (or this provider); `pace` is that of those before it."""
    place = position_at_end(connection, job_queue(engine, lane=lane))
    wait_s = _wait_s(connection, place, fleet, engine=engine, pace=pace)
    return Ahead(place.ahead, None if wait_s is None else round(wait_s, 2))


def synthesis_pace(connection: Connection, model: str | None, *, provider: str | None) -> float:
    """Engine seconds per character."""
    lately = synthesis_s_per_char(connection, model=model, provider=provider, since_hour=_since_hour())
    return lately or GUESS_S_PER_CHAR


def sound_per_char_s(connection: Connection, voice: Voice, *, provider: str) -> float | None:
    """Seconds of sound per character as the voice spoke lately, else its model; None when neither did."""
    spoken = spoken_by_voice(connection, model=voice.model, provider=provider, since_hour=_since_hour())
    everything = (sum(chars for chars, _ in spoken.values()), sum(audio_s for _, audio_s in spoken.values()))
    known = (spoken.get(voice.id, (0, 0.0)), everything)
    return next((audio_s / chars for chars, audio_s in known if chars and audio_s), None)


def retry_after_s(database: Database) -> float:
    """When a full queue should have room again."""
    with database.read() as connection:
        waiting = backlog(connection, up_to=POSITION_MAX)
        workers = sum(seen.alive and seen.speaks for seen in recent_workers(connection))
        pace = synthesis_pace(connection, None, provider=None)
    # Room for one is enough to come back; a tenth of the backlog keeps the crowd from coming all at once.
    wait_s = waiting.chars_ahead / 10 * pace / max(1, workers)
    return min(RETRY_MAX_S, max(RETRY_MIN_S, wait_s))


def _queue_of(row: JobRecord) -> str:
    """The weights whose queue it waits in, or the provider."""
    return find_voice(row.voice_id, allow_fake=True).weights if row.provider == "local" else str(row.provider)


def _left_of_running(connection: Connection, row: JobRecord) -> float | None:
    elapsed_s = max(0.0, time.time() - float(row.started_at or time.time()))
    if row.segments_done and row.segments_total:
        left = int(row.segments_total) - int(row.segments_done)
        return round(elapsed_s / int(row.segments_done) * left, 2)
    pace = synthesis_pace(connection, row.model, provider=row.provider)
    return round(max(0.0, int(row.chars) * pace - elapsed_s), 2)


def _wait_s(
    connection: Connection, place: QueuePosition, fleet: Sequence[WorkerStatus], *, engine: str, pace: float
) -> float | None:
    """Until all that is before that place was spoken; None without a worker, for then there is no time to tell."""
    workers = _serving(fleet, engine)
    if not workers:
        return None
    ahead = place.chars_ahead + chars_being_spoken(connection, engine=engine)
    return ahead * pace / workers


def _since_hour() -> int:
    return int(time.time() // 3600) - LATELY_H


def _serving(fleet: Sequence[WorkerStatus], engine: str) -> int:
    return sum(seen.alive and seen.voices_of(engine) is not None for seen in fleet)
