"""The cost of a forecast, on SQLite and Postgres."""

from sqlalchemy import Connection

from api.jobs.forecast import QueueAhead, ahead_of_new
from common.db.database import Database
from common.jobs.queries import POSITION_MAX
from tests.support.backlogs import queue_many
from tests.support.query_cost import query_cost
from tests.support.rows import new_job


def test_the_cost_of_a_forecast_does_not_grow_with_the_backlog(database: Database) -> None:
    found: list[QueueAhead] = []

    def find_ahead(connection: Connection) -> None:
        found.append(ahead_of_new(connection, [], engine="hibari", lane="bulk", s_per_char=0.01))

    efforts = []
    for count in (12_000, 24_000):
        queue_many(database, new_job(), count=count)
        queue_many(database, new_job(queue="hibari.bulk"), count=count)
        efforts.append(query_cost(database, find_ahead))
    assert efforts[1] < 1.5 * efforts[0] + 20
    assert [ahead.jobs for ahead in found] == [2 * POSITION_MAX] * 2
