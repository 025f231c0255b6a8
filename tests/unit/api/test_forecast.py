"""Forecasts: their cost, on SQLite and Postgres, and the wait for several workers."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection

from api.jobs.forecast import QueueAhead, ahead_of_new, lowest_load
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
    for count in (1_500, 6_000):
        queue_many(database, new_job(), count=count)
        queue_many(database, new_job(queue="hibari.bulk"), count=count)
        efforts.append(query_cost(database, find_ahead))
    assert efforts[1] < 1.5 * efforts[0] + 20
    assert found == [QueueAhead(POSITION_MAX, None, at_least=True)] * 2


@pytest.mark.parametrize(
    ("loads", "added", "expected"),
    [
        ([7.0], 0.0, 7.0),
        ([7.0], 3.0, 10.0),
        ([0.0, 7.0], 0.0, 0.0),
        ([0.0, 7.0], 5.0, 5.0),
        ([0.0, 7.0], 7.0, 7.0),
        ([7.0, 0.0], 9.0, 8.0),
        ([4.0, 4.0, 100.0], 6.0, 7.0),
    ],
)
def test_a_job_waits_for_the_worker_that_is_free_first(
    loads: Sequence[float], added: float, expected: float
) -> None:
    assert lowest_load(loads, added=added) == pytest.approx(expected)
