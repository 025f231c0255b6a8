"""Estimate waiting and synthesis times from recent usage and the workers that are alive."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from common.catalogue import Voice, find_voice
from common.db.database import Database
from common.jobs.queries import (
    COUNT_MAX,
    QueuePosition,
    position_at_end,
    queue_position,
    remaining_chars,
    total_queued,
)
from common.jobs.records import JobRecord
from common.jobs.usage import spoken_by_voice, synthesis_s_per_char
from common.messaging.queue_names import job_queue
from common.providers import ProviderChoice
from common.worker_registry import WorkerStatus, recent_workers

RETRY_MIN_S, RETRY_MAX_S = 1.0, 600.0
# Assumptions before any usage: ten times real time, at 15 characters per second of audio.
GUESS_S_PER_CHAR = 0.007
GUESS_CHARS_PER_S = 15.0
RECENT_H = 24


@dataclass(frozen=True, slots=True)
class Forecast:
    """`queue_position` counts from 1, and is None if the job is not queued. `at_least`: it is behind that position."""

    queue_position: int | None
    eta_s: float | None
    at_least: bool = False


NO_FORECAST = Forecast(None, None)


@dataclass(frozen=True, slots=True)
class QueueAhead:
    """The jobs ahead of a new job. `wait_s` is None if no worker serves its queue, or if more jobs are ahead."""

    jobs: int
    wait_s: float | None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class NewJobForecast:
    """Seconds of synthesis and of audio per character. `audio_s_per_char` is None without recent usage."""

    s_per_char: float
    audio_s_per_char: float | None
    ahead: QueueAhead | None


def forecast(connection: Connection, row: JobRecord) -> Forecast:
    if row.status == "running":
        return Forecast(None, _remaining_s(connection, row))
    position = queue_position(connection, row.id) if row.status == "queued" else None
    if position is None:
        return NO_FORECAST
    s_per_char = recent_s_per_char(connection, row.model, provider=row.provider)
    workers = recent_workers(connection)
    wait_s = _wait_s(connection, position, workers, engine=_engine_of(row), s_per_char=s_per_char)
    eta_s = None if wait_s is None else round(wait_s + row.chars * s_per_char, 2)
    return Forecast(position.ahead + 1, eta_s, position.at_least)


def forecast_new(
    database: Database,
    voice: Voice,
    choice: ProviderChoice | None,
    workers: Sequence[WorkerStatus],
    *,
    lane: str,
) -> NewJobForecast:
    """Forecast a job that is submitted now. `choice` is None if it would be rejected."""
    provider = choice.provider if choice else "local"
    with database.read() as connection:
        s_per_char = recent_s_per_char(connection, voice.model, provider=provider)
        audio_s = audio_s_per_char(connection, voice, provider=provider)
        if choice is None:
            return NewJobForecast(s_per_char, audio_s, None)
        ahead = ahead_of_new(connection, workers, engine=choice.engine, lane=lane, s_per_char=s_per_char)
    return NewJobForecast(s_per_char, audio_s, ahead)


def ahead_of_new(
    connection: Connection, workers: Sequence[WorkerStatus], *, engine: str, lane: str, s_per_char: float
) -> QueueAhead:
    """`engine` names weights or a provider. `s_per_char` is the synthesis time of the jobs ahead."""
    position = position_at_end(connection, job_queue(engine, lane=lane))
    wait_s = _wait_s(connection, position, workers, engine=engine, s_per_char=s_per_char)
    return QueueAhead(position.ahead, None if wait_s is None else round(wait_s, 2), position.at_least)


def recent_s_per_char(connection: Connection, model: str | None, *, provider: str | None) -> float:
    """Return seconds of synthesis per character, as measured recently."""
    recent = synthesis_s_per_char(connection, model=model, provider=provider, since_hour=_since_hour())
    return recent or GUESS_S_PER_CHAR


def audio_s_per_char(connection: Connection, voice: Voice, *, provider: str) -> float | None:
    """Return recent seconds of audio per character of the voice, else of its model, else None."""
    spoken = spoken_by_voice(connection, model=voice.model, provider=provider, since_hour=_since_hour())
    all_voices = (sum(chars for chars, _ in spoken.values()), sum(audio_s for _, audio_s in spoken.values()))
    figures = (spoken.get(voice.id, (0, 0.0)), all_voices)
    return next((audio_s / chars for chars, audio_s in figures if chars and audio_s), None)


def retry_after_s(database: Database) -> float:
    """Return when a full queue should have space again."""
    with database.read() as connection:
        queued = total_queued(connection, up_to=COUNT_MAX)
        speaking = [worker for worker in recent_workers(connection) if worker.alive and worker.speaks]
        count = sum(worker.announcement.stats.engines for worker in speaking)
        s_per_char = recent_s_per_char(connection, None, provider=None)
    # Space for one job is enough to retry. A tenth of the backlog keeps clients from retrying all at once.
    wait_s = queued.chars_ahead / 10 * s_per_char / max(1, count)
    return min(RETRY_MAX_S, max(RETRY_MIN_S, wait_s))


def _engine_of(row: JobRecord) -> str:
    """Return the weights whose queue the job waits in, or the provider."""
    return find_voice(row.voice_id, allow_fake=True).weights if row.provider == "local" else str(row.provider)


def _remaining_s(connection: Connection, row: JobRecord) -> float | None:
    elapsed_s = max(0.0, time.time() - float(row.started_at or time.time()))
    if row.segments_done and row.segments_total:
        left = int(row.segments_total) - int(row.segments_done)
        return round(elapsed_s / int(row.segments_done) * left, 2)
    s_per_char = recent_s_per_char(connection, row.model, provider=row.provider)
    return round(max(0.0, int(row.chars) * s_per_char - elapsed_s), 2)


def _wait_s(
    connection: Connection,
    position: QueuePosition,
    workers: Sequence[WorkerStatus],
    *,
    engine: str,
    s_per_char: float,
) -> float | None:
    """Return the time until a worker takes the job. None if it cannot be known: without a worker, or far behind."""
    serving = [one.announcement for one in workers if one.alive and one.voices_of(engine) is not None]
    if not serving or position.at_least:
        return None
    remaining = remaining_chars(connection, engine=engine)
    # The engine processes of a worker share its parts.
    loads = [
        load / worker.stats.engines
        for worker, load in [(worker, remaining.pop(worker.id, 0.0)) for worker in serving]
        for _ in range(worker.stats.engines)
    ]
    # Parts of workers that are not alive any more will be spoken by the others.
    return lowest_load(loads, added=position.chars_ahead + sum(remaining.values())) * s_per_char


def lowest_load(loads: Sequence[float], *, added: float) -> float:
    """Return the load of the first worker that is free, if the others share `added` as evenly as they can."""
    level = 0.0
    ordered = sorted(loads)
    for count, load in enumerate(ordered, 1):
        next_load = ordered[count] if count < len(ordered) else math.inf
        level = load + added / count
        if level <= next_load:
            break
        added -= (next_load - load) * count
    return level


def _since_hour() -> int:
    return int(time.time() // 3600) - RECENT_H
