"""Add leases to downloads, as parts and renditions have them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "downloads", sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("downloads", sa.Column("worker_id", sa.String(160), nullable=True))
    op.add_column("downloads", sa.Column("lease_until", sa.Float(53), nullable=True))


def downgrade() -> None:
    for name in ("lease_until", "worker_id", "attempt"):
        op.drop_column("downloads", name)
