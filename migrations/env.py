"""Run by alembic with the connection that `common.db.migration` opened and locked."""

from alembic import context
from sqlalchemy import Index
from sqlalchemy.schema import SchemaItem

from common.db.tables import Base, RecordingSearch

config = context.config


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    # SQLite's index of words and the tables that it keeps itself in.
    return kind != "table" or not (name or "").startswith("recording_words")


def _is_of_this_dialect(
    thing: SchemaItem, _name: str | None, _kind: str, _is_reflected: bool, _other: SchemaItem | None
) -> bool:
    # Alembic does not ask an index's `ddl_if`: SQLite has no need of these.
    is_sqlite = config.attributes["connection"].dialect.name == "sqlite"
    return not (is_sqlite and isinstance(thing, Index) and thing.table is RecordingSearch.__table__)


def run() -> None:
    connection = config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite cannot alter a table in place; alembic copies it then.
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        include_name=_is_ours,
        include_object=_is_of_this_dialect,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
