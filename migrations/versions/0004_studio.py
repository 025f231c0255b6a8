"""What the studio asks for: finding recordings by words, other formats of them, how long people waited."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from common.recordings import search

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _add_renditions()
    _add_latencies()
    _add_search()
    _add_index_of_statuses()


def downgrade() -> None:
    op.drop_index("ix_jobs_not_completed", "jobs")
    _drop_search()
    op.drop_table("renditions")
    op.drop_table("latency_hourly")


def _add_index_of_statuses() -> None:
    others = sa.text("status <> 'completed'")
    op.create_index(
        "ix_jobs_not_completed",
        "jobs",
        ["owner", "status", "created_at", "id"],
        sqlite_where=others,
        postgresql_where=others,
    )


def _add_latencies() -> None:
    op.create_table(
        "latency_hourly",
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("voice_id", sa.String(length=256), nullable=False),
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("measure", sa.String(length=16), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "owner", "model", "voice_id", "provider", "measure", "bucket"),
        sqlite_with_rowid=False,
    )


def _add_renditions() -> None:
    op.create_table(
        "renditions",
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("audio_key", sa.String(length=160), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("crashes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker_id", sa.String(length=160), nullable=True),
        sa.Column("lease_until", sa.Float(precision=53), nullable=True),
        sa.Column("error_code", sa.String(length=64), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("finished_at", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(["audio_key"], ["audio.key"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["job_id"], ["recordings.job_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "format"),
    )
    op.create_index("ix_renditions_status", "renditions", ["status", "created_at"])
    op.create_index("ix_renditions_audio", "renditions", ["audio_key"])


# Texts that are in memory at one time.
_BATCH = 100
# SQLite: prefixes up to this length are found as quickly as words are, at the cost of an entry each.
_PREFIXES = " ".join(str(length) for length in range(1, 17))
_FORGET = "INSERT INTO recording_words(recording_words, rowid, words) VALUES ('delete', old.id, old.words)"
_LEARN = "INSERT INTO recording_words(rowid, words) VALUES (new.id, new.words)"
_TRIGGERS = {"INSERT": (_LEARN,), "DELETE": (_FORGET,), "UPDATE": (_FORGET, _LEARN)}


def _add_search() -> None:
    op.create_index("ix_recordings_owner_voice", "recordings", ["owner", "voice_id", "created_at", "job_id"])
    op.create_index("ix_recordings_owner_model", "recordings", ["owner", "model", "created_at", "job_id"])
    op.create_table(
        "recording_search",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("voice_id", sa.String(length=256), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("words", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["recordings.job_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job_id"),
    )
    for recordings in _recordings():
        _add_words(recordings)
    if op.get_bind().dialect.name == "sqlite":
        _index_by_fts5()
    else:
        _index_by_gin()


def _drop_search() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(sa.text("DROP TABLE recording_words"))
    op.drop_table("recording_search")
    op.drop_index("ix_recordings_owner_voice", "recordings")
    op.drop_index("ix_recordings_owner_model", "recordings")


def _add_words(recordings: Sequence[search.SearchableRecording]) -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    insert = sa.text(
        "INSERT INTO recording_search (id, job_id, owner, voice_id, model, words) VALUES"  # noqa: S608
        f" (:id, :job_id, :owner, :voice_id, :model, {':words' if is_sqlite else 'array_to_tsvector(:words)'})"
        " ON CONFLICT (id) DO NOTHING RETURNING id"
    )
    if not is_sqlite:
        insert = insert.bindparams(sa.bindparam("words", type_=sa.ARRAY(sa.Text)))
    for one in recordings:
        row = {name: getattr(one, name) for name in ("job_id", "owner", "voice_id", "model")}
        row |= {"id": int(one.created_at * 1000), "words": " ".join(one.words) if is_sqlite else one.words}
        while op.get_bind().scalar(insert, row) is None:
            row["id"] += 1


def _recordings() -> Iterator[Sequence[search.SearchableRecording]]:
    """Those that there are, the oldest first."""
    query = sa.text(
        "SELECT job_id, owner, voice_id, model, created_at, title, text FROM recordings"
        " WHERE created_at > :moment OR (created_at = :moment AND job_id > :job_id)"
        " ORDER BY created_at, job_id LIMIT :most"
    )
    last = {"moment": -1.0, "job_id": ""}
    while rows := op.get_bind().execute(query, last | {"most": _BATCH}).all():
        yield [search.SearchableRecording(**row._mapping) for row in rows]
        last = {"moment": rows[-1].created_at, "job_id": rows[-1].job_id}


def _index_by_fts5() -> None:
    # The words come folded and parted by blanks. It keeps no copy of them, and where in a text they stand is not asked.
    op.execute(
        sa.text(
            "CREATE VIRTUAL TABLE recording_words USING fts5(words, content='recording_search',"
            f" content_rowid='id', tokenize='ascii', detail=none, columnsize=0, prefix='{_PREFIXES}')"
        )
    )
    op.execute(sa.text("INSERT INTO recording_words(recording_words) VALUES ('rebuild')"))
    for change, steps in _TRIGGERS.items():
        body = "; ".join(steps)
        name = f"recording_words_{change.lower()}"
        op.execute(sa.text(f"CREATE TRIGGER {name} AFTER {change} ON recording_search BEGIN {body}; END"))


def _index_by_gin() -> None:
    for column in ("voice", "model"):
        name = "voice_id" if column == "voice" else column
        op.create_index(f"ix_recording_search_{column}", "recording_search", ["owner", name, "id"])
    op.create_index(
        "ix_recording_search_words",
        "recording_search",
        ["words"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
