"""What the studio asks for: finding recordings by words, other formats of them, how long people waited."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _add_latencies()


def downgrade() -> None:
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
