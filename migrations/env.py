"""Alembic runs this script with the connection that `common.db.migration` opened and locked."""

from alembic import context
from sqlalchemy import Index
from sqlalchemy.schema import SchemaItem

from common.db.tables import Base, RecordingSearch

config = context.config


def _is_in_schema(name: str | None, kind: str, _parents: object) -> bool:
    # SQLite's full-text index creates tables of its own.
    return kind != "table" or not (name or "").startswith("recording_words")


def _is_in_dialect(
    item: SchemaItem, _name: str | None, _kind: str, _is_reflected: bool, _other: SchemaItem | None
) -> bool:
    # Alembic ignores the `ddl_if` of an index. SQLite does not have these indexes.
    is_sqlite = config.attributes["connection"].dialect.name == "sqlite"
    return not (is_sqlite and isinstance(item, Index) and item.table is RecordingSearch.__table__)


def run() -> None:
    connection = config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite cannot alter a table in place, so alembic copies it.
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        include_name=_is_in_schema,
        include_object=_is_in_dialect,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
