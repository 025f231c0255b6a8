"""Add buckets to the search rows of Postgres. Existing rows stay in bucket 0."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "recording_search", sa.Column("bucket", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("recording_search_rows")))


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.DropSequence(sa.Sequence("recording_search_rows")))
        op.execute(
            sa.text(
                "UPDATE recording_search SET words = array_to_tsvector(ARRAY(SELECT regexp_replace(word, '^/[0-9]+/', '')"
                " FROM unnest(tsvector_to_array(words)) AS word)) WHERE bucket > 0"
            )
        )
    op.drop_column("recording_search", "bucket")
