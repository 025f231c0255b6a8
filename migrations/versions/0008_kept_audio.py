"""Remember where the finished segments of a long job are, so that the next attempt does not speak them again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # By hand: on SQLite, a table that others refer to must not be copied for it.
    op.execute(sa.text("ALTER TABLE parts ADD COLUMN kept_audio JSON DEFAULT '{}' NOT NULL"))


def downgrade() -> None:
    op.execute(sa.text("ALTER TABLE parts DROP COLUMN kept_audio"))
