"""Locks for work that one process does at a time. A lock expires, so that a dead process cannot keep it.

A lock that is never released limits how often something is done.
"""

from sqlalchemy import Connection, delete, update

from common.db.database import clock, upsert
from common.db.tables import Lock


def take(connection: Connection, name: str, *, holder: str, for_s: float) -> bool:
    """Take a lock that nobody holds. Returns False if another holder has it."""
    now = clock(connection)
    values = {"holder": holder, "held_until": now + for_s}
    taken = connection.execute(
        upsert(connection, Lock)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values, where=Lock.held_until <= now)
        .returning(Lock.holder)
    )
    return taken.first() is not None


def renew(connection: Connection, name: str, *, holder: str, for_s: float) -> bool:
    """Hold a lock for `for_s` from now. Returns False if it expired and another holder took it."""
    held_until = clock(connection) + for_s
    renewed = connection.execute(
        update(Lock).where(Lock.name == name, Lock.holder == holder).values(held_until=held_until)
    )
    return renewed.rowcount == 1


def release(connection: Connection, name: str, *, holder: str) -> None:
    connection.execute(delete(Lock).where(Lock.name == name, Lock.holder == holder))
