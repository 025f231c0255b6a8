"""The database schema, the same for SQLite and Postgres. Times (`*_at`, `*_until`) are UTC epoch seconds."""

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
    """Stores a status as a string of at most 16 characters."""

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


def _partial(name: str, *columns: str, where: str) -> Index:
    """An index of the rows that match `where`. A query must contain the same condition, without parameters."""
    return Index(name, *columns, sqlite_where=sql(where), postgresql_where=sql(where))


def _listed(name: str, *columns: str) -> Index:
    return _partial(name, "owner", *columns, "created_at", "id", where="deleted_at IS NULL")


class Job(Base):
    """A request to speak a text, its owner and its state."""

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
    # True if no provider was forced. The job may then fail over to hosted inference.
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
    # True if a running job is to end with the segments that are spoken.
    finish_early: Mapped[bool] = mapped_column(server_default=sql("false"))
    # A deleted job keeps its row, without its text, so that its URL answers 410.
    deleted_at: Mapped[float | None]
    request_id: Mapped[str | None] = mapped_column(String(64))
    traceparent: Mapped[str | None] = mapped_column(String(64))
    # See common.jobs.options.
    options: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))

    __table_args__ = (
        # Lists of jobs: all of them, and by status, voice or model. The rows of deleted jobs are in no list.
        _listed("ix_jobs_owner_created"),
        _listed("ix_jobs_owner_status", "status"),
        _listed("ix_jobs_owner_voice", "voice_id"),
        _listed("ix_jobs_owner_model", "model"),
        Index("ix_jobs_audio", "audio_key"),
        # Ended jobs by age, and the rows of deleted jobs, for the retention.
        _partial("ix_jobs_ended", "finished_at", where="finished_at IS NOT NULL AND deleted_at IS NULL"),
        _partial("ix_jobs_deleted", "deleted_at", where="deleted_at IS NOT NULL"),
    )


class Part(Base):
    """The piece of a job that one task speaks. A worker holds it by lease. A short job has one part."""

    __tablename__ = "parts"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    # `{weights}.{lane}`, without the prefix of the deployment.
    queue: Mapped[str] = mapped_column(String(96))
    status: Mapped[JobStatus]
    chars: Mapped[int]
    # A fencing token: every claim adds one, and writes that name an older attempt match no row.
    attempt: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    # Temporary failures; deaths of workers that ran this part.
    failures: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    crashes: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    isolated: Mapped[bool] = mapped_column("alone", key="isolated", server_default=sql("false"))
    worker_id: Mapped[str | None] = mapped_column(String(160))
    lease_until: Mapped[float | None]
    not_before: Mapped[float]
    next_message_at: Mapped[float] = mapped_column("next_bell_at", key="next_message_at")
    messages: Mapped[int] = mapped_column("bells", Integer, key="messages", server_default=sql("0"))
    created_at: Mapped[float]
    # The keys of the audio of earlier stages, for a job that passes through several queues.
    partial_audio: Mapped[list[Any]] = mapped_column("takes", key="partial_audio", server_default=sql("'[]'"))
    # See common.jobs.kept_audio.
    kept_audio: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))

    __table_args__ = (
        Index("ix_parts_job", "job_id", "position", unique=True),
        # Queued parts by queue and age. Queue positions and counts read only this index.
        _partial("ix_parts_queued", "queue", "created_at", "id", "chars", where="status = 'queued'"),
        # Queued parts by queue and the time of their next message, for the sweep.
        _partial("ix_parts_due", "queue", "next_message_at", "id", where="status = 'queued'"),
        _partial("ix_parts_running", "lease_until", where="status = 'running'"),
    )


class Audio(Base):
    """A file in the store. It is deleted when no recording uses it any more."""

    __tablename__ = "audio"

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    # Digest of everything that changes the audio. The cache finds equal requests by it.
    recipe: Mapped[str] = mapped_column(String(64))
    format: Mapped[str] = mapped_column(String(8))
    sample_rate_hz: Mapped[int] = mapped_column(Integer)
    duration_s: Mapped[float]
    size_bytes: Mapped[int]
    created_at: Mapped[float]
    # Deletion marks the row first, then deletes the file, then the row. The cleanup continues after a crash.
    pending_delete_at: Mapped[float | None] = mapped_column("doomed_at", key="pending_delete_at")

    __table_args__ = (
        Index("ix_audio_recipe", "recipe"),
        _partial("ix_audio_doomed", "key", where="doomed_at IS NOT NULL"),
    )


class Captions(Base):
    """The captions of a recording (common.recordings.captions). They are deleted with the audio."""

    __tablename__ = "captions"

    audio_key: Mapped[str] = mapped_column(
        String(160), ForeignKey("audio.key", ondelete="CASCADE"), primary_key=True
    )
    rows: Mapped[list[Any]] = mapped_column("cues", key="rows")


class Recording(Base):
    """A finished recording. It owns the audio and outlives the row of its job."""

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
    # True if the retention must not delete it.
    kept: Mapped[bool] = mapped_column(server_default=sql("false"))
    # Of the request, so that it can be repeated. `seed` is null if the service chose it.
    seed: Mapped[int | None]
    lexicon: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))

    __table_args__ = (
        Index("ix_recordings_owner_created", "owner", "created_at", "job_id"),
        # For the retention, which covers all owners. Its queries use `common.jobs.retention.NOT_KEPT`.
        _partial("ix_recordings_created", "created_at", where="NOT kept"),
        Index("ix_recordings_owner_voice", "owner", "voice_id", "created_at", "job_id"),
        Index("ix_recordings_owner_model", "owner", "model", "created_at", "job_id"),
        Index("ix_recordings_audio", "audio_key"),
    )


class RecordingSearch(Base):
    """The words of a recording for the search. The row is deleted with the recording.

    In SQLite, triggers maintain an index over this table: the FTS5 table `recording_words`.
    """

    __tablename__ = "recording_search"

    # When the recording was created, in milliseconds, or the next free value. Results are in this order.
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
    # Postgres only: rows that follow each other are in a bucket (common.recordings.search).
    bucket: Mapped[int] = mapped_column(Integer, server_default=sql("0"))

    __table_args__ = (
        Index("ix_recording_search_voice", "owner", "voice_id", "id").ddl_if(dialect="postgresql"),
        Index("ix_recording_search_model", "owner", "model", "id").ddl_if(dialect="postgresql"),
        # Without the pending list of GIN, which every search would have to read.
        Index(
            "ix_recording_search_words",
            "words",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ).ddl_if(dialect="postgresql"),
    )


class Rendition(Base):
    """Another format of a recording. It is deleted with the recording, after its file was marked for deletion."""

    __tablename__ = "renditions"

    job_id: Mapped[str] = mapped_column(
        String(64), ForeignKey("recordings.job_id", ondelete="CASCADE"), primary_key=True
    )
    format: Mapped[str] = mapped_column(String(8), primary_key=True)
    status: Mapped[JobStatus]
    audio_key: Mapped[str | None] = mapped_column(ForeignKey("audio.key", ondelete="SET NULL"))
    # As in `parts`: fencing token, worker crashes, and the lease.
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
    """Hourly totals, so that analytics need not count jobs. Updated when a job ends."""

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
    """Hourly latency histograms (common.jobs.latencies). Updated when a job completes."""

    __tablename__ = "latency_hourly"

    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    voice_id: Mapped[str] = mapped_column(String(256), primary_key=True)
    provider: Mapped[str] = mapped_column(String(16), primary_key=True)
    measure: Mapped[str] = mapped_column(String(16), primary_key=True)
    bucket: Mapped[int] = mapped_column(Integer, primary_key=True)
    count: Mapped[int]

    # The key is nearly the whole row, so SQLite stores the rows in the index of the key.
    __table_args__ = ({"sqlite_with_rowid": False},)


class Worker(Base):
    """The announcement of a worker process (common.worker_registry). Kept for a day after its last heartbeat."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(160), primary_key=True)
    flavour: Mapped[str] = mapped_column(String(32))
    version: Mapped[str] = mapped_column(String(32))
    device: Mapped[str] = mapped_column(String(64))
    pid: Mapped[int]
    # With the pid, the identity of the process (worker.host.process_identity). None where it is unknown.
    pid_namespace: Mapped[str | None] = mapped_column(String(160))
    process_started: Mapped[int | None] = mapped_column(BigInteger)
    # The weights it serves, the entries of its models folder, and the formats it writes.
    engines: Mapped[list[Any]]
    folder: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'"))
    formats: Mapped[list[Any]]
    # Counters since it started, and its resident memory.
    stats: Mapped[dict[str, Any]]
    started_at: Mapped[float]
    heartbeat_at: Mapped[float]
    stopped_at: Mapped[float | None]

    __table_args__ = (Index("ix_workers_heartbeat", "heartbeat_at"),)


class Download(Base):
    """A download of weights or a voice, by a worker that has a models folder."""

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
    """A key of a request and its job. A request with the same key and body gets the same job."""

    __tablename__ = "idempotency"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[float]

    __table_args__ = (
        Index("ix_idempotency_created", "created_at"),
        Index("ix_idempotency_job", "job_id"),
    )


class Lock(Base):
    """The right to do something that one process may do at a time. It expires if its holder dies."""

    __tablename__ = "locks"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    held_until: Mapped[float]
