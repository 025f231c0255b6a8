"""What `GET /ready` asks of the servers behind the gateway, each in a thread of its own."""

from dataclasses import dataclass

from sqlalchemy import text

from api.shared_read import SharedRead
from common.db.database import Database
from common.messaging.redis_link import RedisLink
from common.store import Store


@dataclass(frozen=True, slots=True)
class ReadinessReads:
    """A read succeeds if its server can be used. The one of the broker writes, because a full Redis still answers."""

    database: SharedRead[None]
    broker: SharedRead[None]
    store: SharedRead[None]

    @classmethod
    def of(cls, database: Database, redis_link: RedisLink, store: Store) -> "ReadinessReads":
        return cls(
            SharedRead(lambda: _ask_database(database)), SharedRead(redis_link.check), SharedRead(store.check)
        )


def _ask_database(database: Database) -> None:
    with database.read() as connection:
        connection.execute(text("SELECT 1"))
