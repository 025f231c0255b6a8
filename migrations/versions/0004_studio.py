"""What the studio asks for: finding recordings by words, other formats of them, how long people waited."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
