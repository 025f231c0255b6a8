"""How a job is to be spoken, and when each of its words was"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # By hand: on SQLite, a table that others refer to must not be copied for it.
    op.execute(sa.text("ALTER TABLE jobs ADD COLUMN options JSON DEFAULT '{}' NOT NULL"))
    op.execute(sa.text("ALTER TABLE parts ADD COLUMN takes JSON DEFAULT '[]' NOT NULL"))
    op.create_table(
        "captions",
        sa.Column("audio_key", sa.String(length=160), nullable=False),
        sa.Column("cues", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["audio_key"], ["audio.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("audio_key"),
    )


def downgrade() -> None:
    op.drop_table("captions")
    op.execute(sa.text("ALTER TABLE parts DROP COLUMN takes"))
    op.execute(sa.text("ALTER TABLE jobs DROP COLUMN options"))
