"""Add the identity of a worker's process, so that a sweep on the same machine sees that the process has ended."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("pid_namespace", sa.String(160), nullable=True))
    op.add_column("workers", sa.Column("process_started", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in ("process_started", "pid_namespace"):
        op.drop_column("workers", name)
