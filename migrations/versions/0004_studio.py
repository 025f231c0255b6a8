"""What the studio asks for: finding recordings by words, other formats of them, how long people waited."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _add_renditions()
    _add_latencies()


def downgrade() -> None:
    op.drop_table("renditions")
    op.drop_table("latency_hourly")


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
