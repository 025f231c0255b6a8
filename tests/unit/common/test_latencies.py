"""Latency histograms: buckets, percentiles, and the rows that completed jobs write, on both databases."""

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
def test_the_middle_of_a_bucket_is_close_to_its_values(ms: float) -> None:
    middle_ms = bucket_middle_ms(bucket_of(ms))
    assert abs(middle_ms - ms) <= 0.09 * ms
    # A value that is 18 % larger is in a later bucket.
    assert bucket_of(ms * 1.18) in (bucket_of(ms) + 1, bucket_of(ms) + 2)


def test_extreme_values_have_a_bucket() -> None:
    assert (bucket_of(-3.0), bucket_of(0.0), bucket_middle_ms(0)) == (0, 0, 0.0)
    assert bucket_of(1e30) == bucket_of(1e14)


def test_percentiles_are_close_to_the_exact_ones() -> None:
    generator = random.Random(7)
    waits_ms = [generator.lognormvariate(6, 1.5) for _ in range(2000)]
    histogram = histogram_of(waits_ms)
    assert histogram.count == len(waits_ms)
    ordered = sorted(waits_ms)
    for share in (0.01, 0.5, 0.9, 0.99, 1.0):
        exact = ordered[math.ceil(share * len(ordered)) - 1]
        assert histogram.percentile_ms(share) == pytest.approx(exact, rel=0.09)
    with pytest.raises(ValueError, match="histogram is empty"):
        Histogram().percentile_ms(0.5)


def test_a_completed_job_adds_its_wait_and_first_audio_latency(database: Database) -> None:
    for voice_id in ("hibari_heart", "hibari_heart", "hibari_emma"):
        job = new_job(voice_id=voice_id)
        submit(database, job)
        complete(database, job)
    with database.read() as connection:
        rows = latencies.bucket_counts(connection, owner=OWNER, since_hour=0)
        other_rows = latencies.bucket_counts(connection, owner="another owner", since_hour=0)
    for measure in MEASURES:
        voices = latencies.histograms(rows, measure=measure, key="voice_id")
        assert {name: one.count for name, one in voices.items()} == {"hibari_heart": 2, "hibari_emma": 1}
        assert sum(one.count for one in latencies.histograms(rows, measure=measure, key="day").values()) == 3
    first_audio = latencies.histograms(rows, measure="first_audio")[None]
    # It counts from acceptance: the wait, and the 50 ms of the attempt.
    assert first_audio.percentile_ms(0.01) >= 0.91 * 50
    assert other_rows == []


def test_only_completed_jobs_are_counted(database: Database) -> None:
    requeued, failed = new_job(), new_job()
    submit(database, requeued, failed)
    part = claim_part(database, failed)
    with database.write() as connection:
        assert lease.fail(connection, part, code="engine_failed", message="It failed.")
    lost_part = claim_part(database, requeued)
    with database.write() as connection:
        assert lease.hand_back(connection, lost_part)
    claim_part(database, requeued)
    with database.write() as connection:
        assert lease.finish(connection, lost_part, result_of(lost_part)) is None
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(LatencyHourly)) == 0


def test_a_bucket_is_one_row(database: Database) -> None:
    job = new_job()
    for _ in range(5):
        with database.write() as connection:
            latencies.add(connection, job, {"wait": 5.0, "first_audio": 70.0}, now=7200.0)
    with database.read() as connection:
        rows = connection.execute(
            select(LatencyHourly.hour, LatencyHourly.measure, LatencyHourly.count.label("times"))
        ).all()
    assert sorted(tuple(row) for row in rows) == [(2, "first_audio", 5), (2, "wait", 5)]


def test_rows_beyond_the_longest_time_range_are_deleted(database: Database) -> None:
    for _ in range(2):
        job = new_job()
        submit(database, job)
        complete(database, job)
    with database.write() as connection:
        expired = update(LatencyHourly).values(hour=LatencyHourly.hour - RETENTION_H - 1)
        connection.execute(expired.where(LatencyHourly.measure == "wait"))
    with database.write() as connection:
        retention.tidy_small_tables(connection)
    with database.read() as connection:
        left = connection.scalars(select(LatencyHourly.measure).distinct()).all()
    assert left == ["first_audio"]
