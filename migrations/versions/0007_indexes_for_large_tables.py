"""Add indexes for large tables, and locks for work that one process does at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_QUEUED = "status = 'queued'"


# Lists of jobs.
_LISTS = {
    "ix_jobs_owner_created": ["owner", "created_at", "id"],
    "ix_jobs_owner_status": ["owner", "status", "created_at", "id"],
    "ix_jobs_owner_voice": ["owner", "voice_id", "created_at", "id"],
    "ix_jobs_owner_model": ["owner", "model", "created_at", "id"],
}


def upgrade() -> None:
    # Until now, the row of a deleted job kept the lexicon of its request.
    op.execute(sa.text("UPDATE jobs SET options = '{}' WHERE deleted_at IS NOT NULL"))
    _change_indexes_of_jobs()
    op.drop_index("ix_parts_queued", "parts")
    _create_index("ix_parts_queued", "parts", ["queue", "created_at", "id", "chars"], where=_QUEUED)
    _create_index("ix_parts_due", "parts", ["queue", "next_bell_at", "id"], where=_QUEUED)
    op.drop_index("ix_audio_doomed", "audio")
    _create_index("ix_audio_doomed", "audio", ["key"], where="doomed_at IS NOT NULL")
    op.create_index("ix_recordings_created", "recordings", ["created_at"])
    op.create_index("ix_idempotency_job", "idempotency", ["job_id"])
    op.create_table(
        "locks",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("held_until", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("locks")
    op.drop_index("ix_idempotency_job", "idempotency")
    op.drop_index("ix_recordings_created", "recordings")
    op.drop_index("ix_audio_doomed", "audio")
    _create_index("ix_audio_doomed", "audio", ["doomed_at"], where="doomed_at IS NOT NULL")
    op.drop_index("ix_parts_due", "parts")
    op.drop_index("ix_parts_queued", "parts")
    _create_index("ix_parts_queued", "parts", ["queue", "created_at", "id"], where=_QUEUED)
    _restore_indexes_of_jobs()


def _change_indexes_of_jobs() -> None:
    for name in ("ix_jobs_finished", "ix_jobs_not_completed", "ix_jobs_owner_created"):
        op.drop_index(name, "jobs")
    for name, columns in _LISTS.items():
        _create_index(name, "jobs", columns, where="deleted_at IS NULL")
    _create_index(
        "ix_jobs_ended", "jobs", ["finished_at"], where="finished_at IS NOT NULL AND deleted_at IS NULL"
    )
    _create_index("ix_jobs_deleted", "jobs", ["deleted_at"], where="deleted_at IS NOT NULL")


def _restore_indexes_of_jobs() -> None:
    for name in ("ix_jobs_ended", "ix_jobs_deleted", *_LISTS):
        op.drop_index(name, "jobs")
    op.create_index("ix_jobs_owner_created", "jobs", _LISTS["ix_jobs_owner_created"])
    _create_index(
        "ix_jobs_not_completed", "jobs", _LISTS["ix_jobs_owner_status"], where="status <> 'completed'"
    )
    op.create_index(
        "ix_jobs_finished", "jobs", ["finished_at"], postgresql_where=sa.text("finished_at IS NOT NULL")
    )


def _create_index(name: str, table: str, columns: list[str], *, where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
