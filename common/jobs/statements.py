"""Statements that run for every job, built once.

Building a statement takes longer than SQLite needs to run it. With parameters, its compiled form is reused. Parameters
of conditions are named `the_*`, so that none is mistaken for the new value of a column.
"""

from typing import cast

from sqlalchemy import Table, and_, bindparam, func, insert, literal_column, select, update

from common.db.tables import Audio, Base, Captions, Job, Part, Recording
from common.jobs.records import SPEC_COLUMNS
from common.status import JobStatus


def _table(mapped: type[Base]) -> Table:
    return cast(Table, mapped.__table__)


PARTS, JOBS, AUDIO = _table(Part), _table(Job), _table(Audio)
RECORDINGS = _table(Recording)

# Literals instead of parameters, so that the databases see that a partial index covers the query.
IS_QUEUED = Part.status == literal_column("'queued'")
IS_RUNNING = Part.status == literal_column("'running'")
OLDEST_FIRST = (Part.created_at, Part.id)

START_JOB = (
    update(JOBS)
    .where(JOBS.c.id == bindparam("the_job"))
    .values(
        status=JobStatus.RUNNING,
        started_at=func.coalesce(JOBS.c.started_at, bindparam("the_moment")),
        attempts=JOBS.c.attempts + 1,
    )
    .returning(*(JOBS.c[name] for name in (*SPEC_COLUMNS, "created_at", "started_at", "attempts")))
)

COMPLETE_JOB = (
    update(JOBS)
    .where(JOBS.c.id == bindparam("the_job"))
    .values(
        status=JobStatus.COMPLETED,
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

# A job with data of its audio, unless that is marked for deletion.
SELECT_JOB = (
    select(
        *(column for column in JOBS.c if column.name != "audio_key"),
        AUDIO.c.key.label("audio_key"),
        AUDIO.c.sample_rate_hz,
        AUDIO.c.duration_s,
        AUDIO.c.size_bytes,
    )
    .select_from(JOBS)
    .outerjoin(AUDIO, and_(AUDIO.c.key == JOBS.c.audio_key, AUDIO.c.pending_delete_at.is_(None)))
)

GET_JOB = SELECT_JOB.where(JOBS.c.id == bindparam("the_job"), JOBS.c.owner == bindparam("the_owner"))
