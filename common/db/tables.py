"""The schema, one for SQLite and Postgres. Moments (`*_at`, `*_until`) are UTC epoch seconds."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy import Row as SqlRow
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.status import JobStatus

AnyRow = SqlRow[*tuple[Any, ...]]


class StatusType(TypeDecorator[JobStatus]):
    """A status as a string of at most 16 characters."""

    impl = String(16)
    cache_ok = True

    def process_bind_param(self, value: JobStatus | str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> JobStatus | None:  # noqa: ARG002
        return None if value is None else JobStatus(value)


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012  # read by SQLAlchemy at class creation
        str: Text,
        int: BigInteger,
        float: Float(53),
        bool: Boolean,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        JobStatus: StatusType,
    }


class Job(Base):
    """What was asked, by whom, and how it stands."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    status: Mapped[JobStatus]
    voice_id: Mapped[str] = mapped_column(String(256))
    model: Mapped[str] = mapped_column(String(64))
    provider: Mapped[str] = mapped_column(String(16))
    text: Mapped[str]
    language: Mapped[str | None] = mapped_column(String(16))
    speed: Mapped[float]
    style: Mapped[str | None]
    format: Mapped[str] = mapped_column(String(8))
    priority: Mapped[str] = mapped_column(String(16))
    seed: Mapped[int]
    seed_given: Mapped[bool]
    # A job may fail over to hosted inference only where nobody forced a provider.
    may_fail_over: Mapped[bool] = mapped_column(server_default=sql("false"))
    chars: Mapped[int]
    segments_done: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    segments_total: Mapped[int | None] = mapped_column(Integer)
    attempts: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    warnings: Mapped[list[Any]]
    timings: Mapped[dict[str, Any]]
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None]
    audio_key: Mapped[str | None] = mapped_column(ForeignKey("audio.key", ondelete="SET NULL"))
    created_at: Mapped[float]
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]
    # A deleted job leaves this mark (and no text) so that its address can answer 410.
    deleted_at: Mapped[float | None]
    request_id: Mapped[str | None] = mapped_column(String(64))
    traceparent: Mapped[str | None] = mapped_column(String(64))
    # See common.jobs.options.
    options: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))

    __table_args__ = (
        Index("ix_jobs_owner_created", "owner", "created_at", "id"),
        Index("ix_jobs_finished", "finished_at", postgresql_where=sql("finished_at IS NOT NULL")),
        Index("ix_jobs_audio", "audio_key"),
        # The few among many: what waits, runs, failed or was cancelled is found without walking what is done.
        Index(
            "ix_jobs_not_completed",
            "owner",
            "status",
            "created_at",
            "id",
            sqlite_where=sql("status <> 'completed'"),
            postgresql_where=sql("status <> 'completed'"),
        ),
    )


class Part(Base):
    """What is worked on: the unit that a worker takes by lease. A short job has one."""

    __tablename__ = "parts"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    # `{model}.{lane}`, without the deployment's prefix.
    queue: Mapped[str] = mapped_column(String(96))
    status: Mapped[JobStatus]
    chars: Mapped[int]
    # A fence only: every claim adds one, and a write that names an older one is void.
    attempt: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    # Failures that were worth another try; deaths of the worker while this part ran alone.
    failures: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    crashes: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    isolated: Mapped[bool] = mapped_column("alone", key="isolated", server_default=sql("false"))
    worker_id: Mapped[str | None] = mapped_column(String(160))
    lease_until: Mapped[float | None]
    not_before: Mapped[float]
    next_message_at: Mapped[float] = mapped_column("next_bell_at", key="next_message_at")
    messages: Mapped[int] = mapped_column("bells", Integer, key="messages", server_default=sql("0"))
    created_at: Mapped[float]
    # Of a text that passes through several queues: the keys of what was spoken in those behind it.
    partial_audio: Mapped[list[Any]] = mapped_column("takes", key="partial_audio", server_default=sql("'[]'"))

    __table_args__ = (
        Index("ix_parts_job", "job_id", "position", unique=True),
        # Queued rows by queue and age: bells, positions and the backlog read nothing else.
        Index(
            "ix_parts_queued",
            "queue",
            "created_at",
            "id",
            sqlite_where=sql("status = 'queued'"),
            postgresql_where=sql("status = 'queued'"),
        ),
        Index(
            "ix_parts_running",
            "lease_until",
            sqlite_where=sql("status = 'running'"),
            postgresql_where=sql("status = 'running'"),
        ),
    )


class Audio(Base):
    """A file in the store. It goes when no recording names it any more."""

    __tablename__ = "audio"

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    # Digest of everything that changes the sound, for the cache to find equal requests by.
    recipe: Mapped[str] = mapped_column(String(64))
    format: Mapped[str] = mapped_column(String(8))
    sample_rate_hz: Mapped[int] = mapped_column(Integer)
    duration_s: Mapped[float]
    size_bytes: Mapped[int]
    created_at: Mapped[float]
    # Marked first, then the file goes, then the row: a crash in between is finished by the cleanup.
    pending_delete_at: Mapped[float | None] = mapped_column("doomed_at", key="pending_delete_at")

    __table_args__ = (
        Index("ix_audio_recipe", "recipe"),
        Index(
            "ix_audio_doomed",
            "pending_delete_at",
            sqlite_where=sql("doomed_at IS NOT NULL"),
            postgresql_where=sql("doomed_at IS NOT NULL"),
        ),
    )


class Captions(Base):
    """When each segment and word of a recording is heard: see common.recordings.captions. They go with the audio."""

    __tablename__ = "captions"

    audio_key: Mapped[str] = mapped_column(
        String(160), ForeignKey("audio.key", ondelete="CASCADE"), primary_key=True
    )
    rows: Mapped[list[Any]] = mapped_column("cues", key="rows")


class Recording(Base):
    """The history. The recording owns the audio and outlives the job row."""

    __tablename__ = "recordings"

    job_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    title: Mapped[str]
    text: Mapped[str]
    voice_id: Mapped[str] = mapped_column(String(256))
    model: Mapped[str] = mapped_column(String(64))
    provider: Mapped[str] = mapped_column(String(16))
    language: Mapped[str | None] = mapped_column(String(16))
    speed: Mapped[float]
    style: Mapped[str | None]
    audio_key: Mapped[str] = mapped_column(ForeignKey("audio.key"))
    created_at: Mapped[float]

    __table_args__ = (
        Index("ix_recordings_owner_created", "owner", "created_at", "job_id"),
        Index("ix_recordings_owner_voice", "owner", "voice_id", "created_at", "job_id"),
        Index("ix_recordings_owner_model", "owner", "model", "created_at", "job_id"),
        Index("ix_recordings_audio", "audio_key"),
    )


class RecordingSearch(Base):
    """Words that a recording is found by; it goes with it.

    SQLite has an index over it that is kept by triggers: the FTS5 table `recording_words`.
    """

    __tablename__ = "recording_search"

    # The moment it was made, in milliseconds, or the next that is free: whatever is found is found in this order.
    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
    )
    job_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("recordings.job_id", ondelete="CASCADE"), unique=True
    )
    owner: Mapped[str] = mapped_column(String(64))
    voice_id: Mapped[str] = mapped_column(String(256))
    model: Mapped[str] = mapped_column(String(64))
    words: Mapped[str] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"))

    __table_args__ = (
        Index("ix_recording_search_voice", "owner", "voice_id", "id").ddl_if(dialect="postgresql"),
        Index("ix_recording_search_model", "owner", "model", "id").ddl_if(dialect="postgresql"),
        # Without a list of what is still to be put in order, which every search would have to read.
        Index(
            "ix_recording_search_words",
            "words",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ).ddl_if(dialect="postgresql"),
    )


class Rendition(Base):
    """Another format of a recording. It goes with the recording; what of it lies in the store is marked before."""

    __tablename__ = "renditions"

    job_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("recordings.job_id", ondelete="CASCADE"), primary_key=True
    )
    format: Mapped[str] = mapped_column(String(8), primary_key=True)
    status: Mapped[JobStatus]
    audio_key: Mapped[str | None] = mapped_column(ForeignKey("audio.key", ondelete="SET NULL"))
    # As of a part: a fence, how often the worker died, and until when it is held by whom.
    attempt: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    crashes: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    worker_id: Mapped[str | None] = mapped_column(String(160))
    lease_until: Mapped[float | None]
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None]
    created_at: Mapped[float]
    finished_at: Mapped[float | None]

    __table_args__ = (
        Index("ix_renditions_status", "status", "created_at"),
        Index("ix_renditions_audio", "audio_key"),
    )


class UsageHourly(Base):
    """Rollups, so that analytics never count a million rows. Written with the end of each job."""

    __tablename__ = "usage_hourly"

    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    voice_id: Mapped[str] = mapped_column(String(256), primary_key=True)
    provider: Mapped[str] = mapped_column(String(16), primary_key=True)
    completed: Mapped[int] = mapped_column(server_default=sql("0"))
    failed: Mapped[int] = mapped_column(server_default=sql("0"))
    cancelled: Mapped[int] = mapped_column(server_default=sql("0"))
    chars: Mapped[int] = mapped_column(server_default=sql("0"))
    audio_s: Mapped[float] = mapped_column(server_default=sql("0"))
    size_bytes: Mapped[int] = mapped_column(server_default=sql("0"))
    queue_ms: Mapped[float] = mapped_column(server_default=sql("0"))
    synthesis_ms: Mapped[float] = mapped_column(server_default=sql("0"))
    total_ms: Mapped[float] = mapped_column(server_default=sql("0"))


class LatencyHourly(Base):
    """How long people waited, counted in the buckets of common.jobs.latencies. Written with the end of each job."""

    __tablename__ = "latency_hourly"

    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    voice_id: Mapped[str] = mapped_column(String(256), primary_key=True)
    provider: Mapped[str] = mapped_column(String(16), primary_key=True)
    measure: Mapped[str] = mapped_column(String(16), primary_key=True)
    bucket: Mapped[int] = mapped_column(Integer, primary_key=True)
    count: Mapped[int]

    # Nearly all of a row is its key, so SQLite keeps the one and not both.
    __table_args__ = ({"sqlite_with_rowid": False},)


class Worker(Base):
    """What a worker process announced, kept a day after it was last heard of."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(160), primary_key=True)
    flavour: Mapped[str] = mapped_column(String(32))
    version: Mapped[str] = mapped_column(String(32))
    device: Mapped[str] = mapped_column(String(64))
    pid: Mapped[int]
    # What it can speak right now, what lies in its models folder, and the formats it can write. See
    # common.worker_registry.
    engines: Mapped[list[Any]]
    folder: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'"))
    formats: Mapped[list[Any]]
    # Counters since its start: engine calls per engine, resident memory in bytes.
    stats: Mapped[dict[str, Any]]
    started_at: Mapped[float]
    heartbeat_at: Mapped[float]
    stopped_at: Mapped[float | None]

    __table_args__ = (Index("ix_workers_heartbeat", "heartbeat_at"),)


class Download(Base):
    """One file or folder of weights being fetched by a worker that has the models folder."""

    __tablename__ = "downloads"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(64))
    item: Mapped[str] = mapped_column(String(128))
    status: Mapped[JobStatus]
    attempt: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    worker_id: Mapped[str | None] = mapped_column(String(160))
    lease_until: Mapped[float | None]
    bytes_done: Mapped[int] = mapped_column(server_default=sql("0"))
    bytes_total: Mapped[int] = mapped_column(server_default=sql("0"))
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None]
    created_at: Mapped[float]
    updated_at: Mapped[float]
    finished_at: Mapped[float | None]

    __table_args__ = (Index("ix_downloads_created", "created_at", "id"),)


class Idempotency(Base):
    """The same key with the same body is the same job."""

    __tablename__ = "idempotency"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float]

    __table_args__ = (Index("ix_idempotency_created", "created_at"),)
