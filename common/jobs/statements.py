"""The statements that every job runs through, built once.

Building one anew for each call costs more than SQLite takes to run it; with parameters, the compiled form is reused.
Parameters of conditions are named `the_*`, so that none is taken for a column's new value.
"""

from functools import cache
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from common.db.tables import Audio, Base, Captions, Job, Part, Recording, UsageHourly


def _table(mapped: type[Base]) -> Table:
    return cast(Table, mapped.__table__)


PARTS, JOBS, AUDIO = _table(Part), _table(Job), _table(Audio)
RECORDINGS, USAGE = _table(Recording), _table(UsageHourly)

TAKE_PART = (
    update(PARTS)
    .where(
        PARTS.c.id == bindparam("the_part"),
        PARTS.c.status == "queued",
        PARTS.c.not_before <= bindparam("the_moment"),
        PARTS.c.alone == bindparam("be_alone"),
    )
    .values(
        status="running",
        attempt=PARTS.c.attempt + 1,
        lease_until=bindparam("until"),
        worker_id=bindparam("worker"),
    )
    .returning(PARTS.c.job_id, PARTS.c.attempt, PARTS.c.queue, PARTS.c.failures, PARTS.c.takes)
)

START_JOB = (
    update(JOBS)
    .where(JOBS.c.id == bindparam("the_job"))
    .values(
        status="running",
        started_at=func.coalesce(JOBS.c.started_at, bindparam("the_moment")),
        attempts=JOBS.c.attempts + 1,
    )
    .returning(
        JOBS.c.owner,
        JOBS.c.voice_id,
        JOBS.c.model,
        JOBS.c.provider,
        JOBS.c.text,
        JOBS.c.language,
        JOBS.c.speed,
        JOBS.c.style,
        JOBS.c.format,
        JOBS.c.priority,
        JOBS.c.seed,
        JOBS.c.seed_given,
        JOBS.c.may_fail_over,
        JOBS.c.warnings,
        JOBS.c.created_at,
        JOBS.c.started_at,
        JOBS.c.attempts,
        JOBS.c.request_id,
        JOBS.c.options,
    )
)

# The fence: a part that another attempt holds, or nobody, is not touched.
LEAVE_PART = (
    update(PARTS)
    .where(
        PARTS.c.id == bindparam("the_part"),
        PARTS.c.attempt == bindparam("the_attempt"),
        PARTS.c.status == "running",
    )
    .values(status=bindparam("ended"), lease_until=None)
)

COMPLETE_JOB = (
    update(JOBS)
    .where(JOBS.c.id == bindparam("the_job"))
    .values(
        status="completed",
        finished_at=bindparam("the_moment"),
        audio_key=bindparam("the_key"),
        segments_done=bindparam("segments"),
        segments_total=bindparam("segments"),
        timings=bindparam("the_timings"),
        warnings=bindparam("the_warnings"),
        error_code=None,
        error_message=None,
    )
)

ADD_AUDIO = insert(AUDIO)
ADD_CAPTIONS = insert(_table(Captions))
ADD_RECORDING = insert(RECORDINGS)
ADD_JOB = insert(JOBS)
ADD_PART = insert(PARTS)

GET_JOB = (
    select(
        *(column for column in JOBS.c if column.name != "audio_key"),
        AUDIO.c.key.label("audio_key"),
        AUDIO.c.sample_rate_hz,
        AUDIO.c.duration_s,
        AUDIO.c.size_bytes,
    )
    .select_from(JOBS)
    .outerjoin(AUDIO, and_(AUDIO.c.key == JOBS.c.audio_key, AUDIO.c.doomed_at.is_(None)))
    .where(JOBS.c.id == bindparam("the_job"), JOBS.c.owner == bindparam("the_owner"))
)


@cache
def add_usage(dialect: str, amounts: tuple[str, ...]) -> Any:
    """Add to a rollup row, or make it. The parameters are its columns."""
    row = (sqlite if dialect == "sqlite" else postgresql).insert(USAGE)
    keys = ["hour", "owner", "model", "voice_id", "provider"]
    return row.values({name: bindparam(name) for name in (*keys, *amounts)}).on_conflict_do_update(
        index_elements=keys, set_={name: USAGE.c[name] + row.excluded[name] for name in amounts}
    )
