"""Logs never contain the text of a job."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection, insert
from sqlalchemy.exc import SQLAlchemyError

from api.schemas.synthesis import SynthesisRequest
from common.db.database import Database
from common.db.tables import Job
from common.logs import format_exception
from tests.support.rows import new_job

TEXT = "Nobody shall read this."


def break_a_constraint(connection: Connection) -> None:
    """Postgres describes the whole row that it refuses."""
    row = new_job(text=TEXT).as_row() | {"voice_id": None, "status": "queued", "chars": 1, "created_at": 1.0}
    connection.execute(insert(Job).values(**row | {"timings": {}}))


def send_what_is_no_number(connection: Connection) -> None:
    connection.execute(insert(Job), [new_job(text=TEXT).as_row() | {"chars": object()}])


@pytest.mark.parametrize("fail", [break_a_constraint, send_what_is_no_number])
def test_errors_of_the_database_do_not_repeat_texts(
    database: Database, fail: Callable[[Connection], None]
) -> None:
    with pytest.raises(SQLAlchemyError) as raised, database.write() as connection:
        fail(connection)
    logged = format_exception((raised.type, raised.value, raised.tb))
    assert type(raised.value).__name__ in logged
    assert TEXT not in logged


def test_errors_of_a_body_do_not_repeat_texts() -> None:
    with pytest.raises(ValidationError) as raised:
        SynthesisRequest.model_validate({"text": [TEXT]})
    assert TEXT not in format_exception((raised.type, raised.value, raised.tb))
