"""Let users keep recordings and what was spoken of a stopped job, and store the seed and lexicon of requests."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "jobs", sa.Column("finish_early", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.add_column(
        "recordings", sa.Column("kept", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
    op.add_column("recordings", sa.Column("seed", sa.BigInteger(), nullable=True))
    op.add_column(
        "recordings", sa.Column("lexicon", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
    )
    # The retention reads only recordings that are not kept.
    op.drop_index("ix_recordings_created", "recordings")
    condition = sa.text("NOT kept")
    op.create_index(
        "ix_recordings_created",
        "recordings",
        ["created_at"],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def downgrade() -> None:
    op.drop_index("ix_recordings_created", "recordings")
    for name in ("lexicon", "seed", "kept"):
        op.drop_column("recordings", name)
    op.create_index("ix_recordings_created", "recordings", ["created_at"])
    op.drop_column("jobs", "finish_early")
