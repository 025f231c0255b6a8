"""How long people waited: buckets, percentiles, and rows that come with the end of a job, on both databases."""

import math
import random

import pytest
from sqlalchemy import func, select, update

from common.db.database import Database
from common.db.tables import LatencyHourly
from common.jobs import latencies, lease, retention
from common.jobs.latencies import MEASURES, RETENTION_H, Histogram, bucket_middle_ms, bucket_of
from tests.support.rows import claim_part, complete, new_job, result_of, submit

OWNER = "local"


def histogram_of(waits_ms: list[float]) -> Histogram:
    histogram = Histogram()
    for ms in waits_ms:
        histogram.add(bucket_of(ms), 1)
    return histogram


@pytest.mark.parametrize("ms", [0.1, 0.7, 1.0, 9.99, 10.0, 123.4, 1000.0, 59_000.0, 3_600_000.0, 9e8])
def test_the_middle_of_a_bucket_is_near_all_that_is_in_it(ms: float) -> None:
    middle = bucket_middle_ms(bucket_of(ms))
    assert abs(middle - ms) <= 0.09 * ms
    # Nor do two of the same bucket lie further apart than both its sides together.
    assert bucket_of(ms * 1.18) in (bucket_of(ms) + 1, bucket_of(ms) + 2)


def test_what_is_beyond_all_sense_has_a_bucket() -> None:
    assert (bucket_of(-3.0), bucket_of(0.0), bucket_middle_ms(0)) == (0, 0, 0.0)
    assert bucket_of(1e30) == bucket_of(1e14)


def test_percentiles_are_those_of_what_was_counted() -> None:
    chance = random.Random(7)
    waits_ms = [chance.lognormvariate(6, 1.5) for _ in range(2000)]
    histogram = histogram_of(waits_ms)
    assert histogram.count == len(waits_ms)
    ordered = sorted(waits_ms)
    for share in (0.01, 0.5, 0.9, 0.99, 1.0):
        exact = ordered[math.ceil(share * len(ordered)) - 1]
        assert histogram.percentile_ms(share) == pytest.approx(exact, rel=0.09)
    with pytest.raises(ValueError, match="histogram is empty"):
        Histogram().percentile_ms(0.5)


def test_the_end_of_a_job_counts_how_long_it_waited_and_until_it_was_heard(database: Database) -> None:
    for voice_id in ("hibari_heart", "hibari_heart", "hibari_emma"):
        job = new_job(voice_id=voice_id)
        submit(database, job)
        complete(database, job)
    with database.read() as connection:
        rows = latencies.bucket_counts(connection, owner=OWNER, since_hour=0)
        others = latencies.bucket_counts(connection, owner="somebody", since_hour=0)
    for measure in MEASURES:
        voices = latencies.histograms(rows, measure=measure, key="voice_id")
        assert {name: one.count for name, one in voices.items()} == {"hibari_heart": 2, "hibari_emma": 1}
        assert sum(one.count for one in latencies.histograms(rows, measure=measure, key="day").values()) == 3
    heard = latencies.histograms(rows, measure="first_audio")[None]
    # From acceptance on: the 50 ms of each attempt, and the wait before it.
    assert heard.percentile_ms(0.01) >= 0.91 * 50
    assert others == []


def test_what_did_not_end_well_is_not_counted(database: Database) -> None:
    stale, failed = new_job(), new_job()
    submit(database, stale, failed)
    claim = claim_part(database, failed)
    with database.write() as connection:
        assert lease.fail(connection, claim, code="engine_failed", message="It failed.")
    old = claim_part(database, stale)
    with database.write() as connection:
        assert lease.hand_back(connection, old)
    claim_part(database, stale)
    with database.write() as connection:
        assert lease.finish(connection, old, result_of(old)) is None
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(LatencyHourly)) == 0


def test_the_same_bucket_is_one_row_that_counts(database: Database) -> None:
    job = new_job()
    for _ in range(5):
        with database.write() as connection:
            latencies.add(connection, job, {"wait": 5.0, "first_audio": 70.0}, now=7200.0)
    with database.read() as connection:
        rows = connection.execute(
            select(LatencyHourly.hour, LatencyHourly.measure, LatencyHourly.count.label("times"))
        ).all()
    assert sorted(tuple(row) for row in rows) == [(2, "first_audio", 5), (2, "wait", 5)]


def test_what_nobody_can_ask_for_any_more_is_forgotten(database: Database) -> None:
    for _ in range(2):
        job = new_job()
        submit(database, job)
        complete(database, job)
    with database.write() as connection:
        aged = update(LatencyHourly).values(hour=LatencyHourly.hour - RETENTION_H - 1)
        connection.execute(aged.where(LatencyHourly.measure == "wait"))
    with database.write() as connection:
        retention.delete_expired_rows(connection)
    with database.read() as connection:
        left = connection.scalars(select(LatencyHourly.measure).distinct()).all()
    assert left == ["first_audio"]
