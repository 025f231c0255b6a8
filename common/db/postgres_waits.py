"""Limits how long a client waits for Postgres.

The time-outs of Postgres itself do not help against a server that hangs, and the time-outs of TCP do not either if the
machine of that server still acknowledges packets.
"""

import time
from typing import Any

import psycopg
from psycopg import errors
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

# A connection that was used a moment ago is taken to be alive. Asking each time would cost a round trip per
# transaction.
PING_AFTER_IDLE_S = 1.0
PING_WITHIN_S = 3.0
_IDLE_SINCE = "oratio_idle_since"


class _BoundedConnection(psycopg.Connection[Any]):
    """Closes itself and raises OperationalError if the server does not answer within `answer_within_s`."""

    answer_within_s: float = 6.0

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval=interval, timeout=timeout or self.answer_within_s)
        except errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server does not answer in time") from None


def bound_waits(engine: Engine, *, answer_within_s: float) -> None:
    """Limit each wait of the engine's connections, and ask idle ones for a sign of life before they are used."""

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, named: Any) -> _BoundedConnection:
        connection = _BoundedConnection.connect(*arguments, **named)
        connection.answer_within_s = answer_within_s
        return connection

    @event.listens_for(engine, "checkin")
    def _note_idle(_connection: Any, record: Any) -> None:
        record.info[_IDLE_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ping_if_idle(connection: _BoundedConnection, record: Any, _proxy: Any) -> None:
        idle_since = record.info.get(_IDLE_SINCE)
        if idle_since is not None and time.monotonic() - idle_since > PING_AFTER_IDLE_S:
            _ping(connection)


def _ping(connection: _BoundedConnection) -> None:
    """Raises InvalidatePoolError, upon which the pool replaces all its connections."""
    answer_within_s, connection.answer_within_s = connection.answer_within_s, PING_WITHIN_S
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise InvalidatePoolError from error
    finally:
        connection.answer_within_s = answer_within_s
