"""The functions that change and read jobs, on SQLite and Postgres."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select, update

from common.db.database import Database
from common.db.keyset import Keyset
from common.db.tables import Audio, Captions, Job, Part, Recording
from common.errors import Conflict, Gone, InvalidRequest, NotFound, QueueFull
from common.jobs import changes, lease, queries, submission, sweep, usage
from common.jobs.kept_audio import NOTHING_KEPT, KeptAudio
from common.jobs.lease import ClaimedPart
from common.jobs.options import Options
from common.jobs.submission import AcceptedJob, NewJob, QueueCapacity
from common.messaging.messages import PartMessage
from common.recordings import queries as recordings
from common.recordings.captions import Caption
from tests.support.rows import claim_part, complete, evidence, new_job, result_of, submit


def status_of(database: Database, job_id: str) -> str:
    with database.read() as connection:
        row = queries.get_job(connection, job_id, owner="local")
    assert row is not None
    return str(row.status)


def statements_of(database: Database, change: Callable[[], object]) -> list[str]:
    statements: list[str] = []

    def record(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", record)
    try:
        change()
    finally:
        event.remove(database.engine, "before_cursor_execute", record)
    return statements


def test_a_claim_and_an_end_take_few_statements(database: Database) -> None:
    """None of them is only for the clock of the database."""
    job = new_job()
    submit(database, job)
    parts: list[ClaimedPart] = []
    assert len(statements_of(database, lambda: parts.append(claim_part(database, job)))) == 2
    result = result_of(parts[0], captions=(Caption(0.0, 1.0, 0, 5, "hibari_heart"),))

    def finish() -> None:
        with database.write() as connection:
            assert lease.finish(connection, parts[0], result) is not None

    assert len(statements_of(database, finish)) == 8


def test_a_refused_job_does_not_affect_the_others(database: Database) -> None:
    first_job, invalid, other = new_job(), new_job(id="x" * 65 + "\0"), new_job()
    if database.is_sqlite:
        invalid = replace(first_job, text="the same id again")
    with database.write() as connection:
        answers = submission.submit(connection, [first_job, invalid, other], capacity=QueueCapacity(10))
    assert isinstance(answers[2], AcceptedJob)
    assert isinstance(answers[1], InvalidRequest)
    assert status_of(database, other.id) == "queued"


def test_the_same_key_gets_the_same_job_and_another_body_conflicts(database: Database) -> None:
    first = new_job(idempotency_key="k", request_hash="a")
    with database.write() as connection:
        answers = submission.submit(
            connection,
            [
                first,
                new_job(idempotency_key="k", request_hash="a"),
                new_job(idempotency_key="k", request_hash="b"),
            ],
            capacity=QueueCapacity(10),
        )
    assert answers[0] == AcceptedJob(first.id, first.part_id, first.queue, created=True)
    assert answers[1] == AcceptedJob(first.id, first.part_id, first.queue, created=False)
    assert isinstance(answers[2], Conflict)


def test_the_queue_accepts_exactly_its_limit(database: Database) -> None:
    capacity = QueueCapacity(7)
    accepted = 0
    for _ in range(4):
        with database.write() as connection:
            answers = submission.submit(connection, [new_job() for _ in range(3)], capacity=capacity)
        accepted += sum(isinstance(answer, AcceptedJob) for answer in answers)
        assert all(isinstance(answer, AcceptedJob | QueueFull) for answer in answers)
    assert accepted == 7
    with database.read() as connection:
        assert queries.count_by_status(connection) == {"queued": 7, "running": 0}


def test_the_key_of_a_refused_job_can_be_used_again(database: Database) -> None:
    submit(database, new_job())
    keyed = new_job(idempotency_key="k", request_hash="a")
    with database.write() as connection:
        assert isinstance(submission.submit(connection, [keyed], capacity=QueueCapacity(1))[0], QueueFull)
    repeated = submit(database, new_job(idempotency_key="k", request_hash="a"))
    assert repeated[0].created


def test_a_full_queue_refuses_retries(database: Database) -> None:
    failed = new_job()
    submit(database, failed)
    with database.write() as connection:
        assert changes.cancel(connection, failed.id, owner="local")
    submit(database, new_job(), new_job())
    for queue_max, is_full in ((2, True), (3, False)):
        capacity = QueueCapacity(queue_max)
        with nullcontext() if not is_full else pytest.raises(QueueFull), database.write() as connection:
            changes.retry(connection, failed.id, owner="local", capacity=capacity)
        assert status_of(database, failed.id) == ("cancelled" if is_full else "queued")


def test_a_deleted_job_keeps_no_lexicon(database: Database) -> None:
    job = new_job(options=Options(lexicon={"secret": "word"}), style="whispering")
    submit(database, job)
    with database.write() as connection:
        changes.remove(connection, job.id, owner="local")
        row = connection.execute(select(Job.text, Job.style, Job.options)).one()
    assert row == ("", None, {})


def test_only_one_of_many_claims_gets_the_part(database: Database) -> None:
    job = new_job()
    submit(database, job)
    parts = []
    start = threading.Barrier(8)

    def run() -> None:
        start.wait()
        with database.write() as connection:
            parts.append(lease.claim(connection, job.part_id, isolated=False, worker_id="test", lease_s=30))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(part is not None for part in parts) == 1
    assert status_of(database, job.id) == "running"


def test_a_stale_attempt_writes_nothing(database: Database) -> None:
    job = new_job()
    submit(database, job)
    stale = claim_part(database, job, lease_s=-1)
    with database.write() as connection:
        assert sweep.release_expired(connection, evidence(connection)) == [
            sweep.ReleasedPart(job.id, died=True, failed=False)
        ]
    fresh = claim_part(database, job, isolated=True)
    with database.write() as connection:
        assert lease.finish(connection, stale, result_of(stale)) is None
        assert not lease.fail(connection, stale, code="x", message="x")
        assert not lease.hand_back(connection, stale)
        assert lease.PARTS.renew(connection, [stale.lease], lease_s=30) == [stale.lease]
        assert lease.finish(connection, fresh, result_of(fresh)) is not None
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Audio)) == 1
        assert connection.scalar(select(Recording.audio_key)) == result_of(fresh).key


KEPT = KeptAudio("recipe", {1: 2})


def test_only_the_current_attempt_names_kept_audio(database: Database) -> None:
    job = new_job()
    submit(database, job)
    stale = claim_part(database, job, lease_s=-1)
    assert stale.kept_audio == NOTHING_KEPT
    with database.write() as connection:
        assert lease.keep(connection, stale, KEPT)
        sweep.release_expired(connection, evidence(connection))
        assert not lease.keep(connection, stale, KEPT.with_files(attempt=1, count=3))
    fresh = claim_part(database, job, isolated=True)
    assert fresh.kept_audio == KEPT
    with database.write() as connection:
        assert not lease.keep(connection, stale, KEPT.with_files(attempt=1, count=3))
        assert lease.keep(connection, fresh, KEPT.with_files(attempt=2, count=1))
        assert lease.hand_back(connection, fresh)
    kept = claim_part(database, job, isolated=True).kept_audio
    assert kept.keys(job.id) == [
        f"outputs/audio/{job.id}.{file}" for file in ("1.k0000", "1.k0001", "2.k0000")
    ]


@pytest.mark.parametrize("change", ["pass_on", "hand_over", "retry"])
def test_kept_audio_is_of_one_stage_and_provider(database: Database, change: str) -> None:
    job = new_job()
    submit(database, job)
    part = claim_part(database, job)
    with database.write() as connection:
        assert lease.keep(connection, part, KEPT)
        if change == "pass_on":
            assert lease.pass_on(connection, part, queue=job.queue, key="partial")
        elif change == "hand_over":
            assert lease.hand_over(connection, part, queue=job.queue, provider="stub", warning="A beep.")
        else:
            assert changes.cancel(connection, job.id, owner="local")
            changes.retry(connection, job.id, owner="local", capacity=QueueCapacity(1000))
    assert claim_part(database, job).kept_audio == NOTHING_KEPT


def test_deleting_a_job_returns_the_audio_that_its_attempts_left(database: Database) -> None:
    job = new_job()
    submit(database, job)
    part = claim_part(database, job)
    with database.write() as connection:
        lease.pass_on(connection, part, queue=job.queue, key="partial")
    part = claim_part(database, job)
    with database.write() as connection:
        lease.keep(connection, part, KEPT)
        deletion = changes.remove(connection, job.id, owner="local")
    assert deletion.pending_delete_keys == ("partial", *KEPT.keys(job.id))


def test_renewing_returns_only_the_lost_leases(database: Database) -> None:
    jobs = new_job(), new_job()
    submit(database, *jobs)
    lost = claim_part(database, jobs[0], lease_s=-1)
    with database.write() as connection:
        sweep.release_expired(connection, evidence(connection))
    held_part = claim_part(database, jobs[1])
    with database.write() as connection:
        held = [part.lease for part in (lost, held_part)]
        assert lease.PARTS.renew(connection, held, lease_s=30) == [lost.lease]


def test_a_requeued_part_is_published_without_back_off(database: Database) -> None:
    job = new_job()
    submit(database, job)
    with database.write() as connection:
        connection.execute(update(Part).where(Part.id == job.part_id).values(messages=4))
    part = claim_part(database, job)
    with database.write() as connection:
        assert lease.hand_back(connection, part)
        assert connection.scalar(select(Part.messages).where(Part.id == job.part_id)) == 0


def test_a_finished_job_has_a_recording_usage_and_timings(database: Database) -> None:
    job = new_job(text="A title. " * 30)
    submit(database, job)
    complete(database, job)
    with database.read() as connection:
        row = queries.get_job(connection, job.id, owner="local")
        [recording] = recordings.list_recordings(connection, owner="local", limit=5).rows
        totals = usage.totals(connection, owner="local")
        per_char = usage.synthesis_s_per_char(connection, model="hibari", since_hour=0)
    assert row is not None
    assert (row.status, row.duration_s, row.size_bytes, row.attempts) == ("completed", 1.5, 72_044, 1)
    assert row.timings["total_ms"] >= row.timings["queue_ms"] >= 0
    assert recording.job_id == job.id
    assert 40 < len(recording.title) <= 80
    assert recording.title.endswith("…")
    assert (totals.completed, totals.chars, totals.audio_s) == (1, len(job.text), 1.5)
    assert per_char == pytest.approx(0.06 / len(job.text))


def test_handing_back_counts_no_attempt_and_a_retry_waits(database: Database) -> None:
    job = new_job()
    submit(database, job)
    with database.write() as connection:
        part = lease.claim(connection, job.part_id, isolated=False, worker_id="a", lease_s=30)
        assert part is not None
        assert lease.hand_back(connection, part)
        row = queries.get_job(connection, job.id, owner="local")
        assert row is not None
        assert (row.attempts, row.status) == (0, "queued")
        # Forecasts need the start of the running attempt, so a queued job has none.
        assert row.started_at is None
        part = lease.claim(connection, job.part_id, isolated=False, worker_id="b", lease_s=30)
        assert part is not None
        assert lease.retry_later(connection, part, delay_s=60)
        assert lease.claim(connection, job.part_id, isolated=False, worker_id="c", lease_s=30) is None
        assert sweep.claim_due_messages(connection, queue=job.queue, limit=10) == []


def test_due_messages_are_claimed_oldest_first_with_back_off(database: Database) -> None:
    jobs = [new_job() for _ in range(5)]
    submit(database, *jobs)
    with database.write() as connection:
        assert list(queries.queues_with_queued_parts(connection)) == ["hibari.interactive"]
        # The submission has just published their messages.
        assert sweep.claim_due_messages(connection, queue="hibari.interactive", limit=10) == []
        connection.execute(update(Part).values(next_message_at=0))
        messages = sweep.claim_due_messages(connection, queue="hibari.interactive", limit=3)
        assert [message.part_id for message in messages] == [job.part_id for job in jobs[:3]]
        assert len(sweep.claim_due_messages(connection, queue="hibari.interactive", limit=10)) == 2
        next_message_times = connection.scalars(select(Part.next_message_at)).all()
        assert min(next_message_times) > 0
        # If the queue is empty, all messages were lost.
        connection.execute(update(Part).values(created_at=Part.created_at - 10))
        lost = sweep.claim_due_messages(connection, queue="hibari.interactive", limit=10, lost_after_s=2)
        assert len(lost) == 5


def test_queue_positions_count_the_preceding_queue_too(database: Database) -> None:
    bulk = [new_job(queue="hibari.bulk", text="1234567890") for _ in range(3)]
    submit(database, *bulk)
    submit(database, new_job(text="12345"))
    with database.read() as connection:
        assert queries.queue_position(connection, bulk[2].id) == queries.QueuePosition(3, 25)
        assert queries.queue_position(connection, bulk[0].id) == queries.QueuePosition(1, 5)
        assert queries.total_queued(connection, up_to=100) == queries.QueuePosition(4, 35)


def test_new_jobs_do_not_shift_the_pages_of_a_list(database: Database) -> None:
    jobs = [new_job() for _ in range(7)]
    for job in jobs:
        submit(database, job)
    listed: list[str] = []
    after: Keyset | None = None
    while True:
        with database.read() as connection:
            page = queries.list_jobs(connection, owner="local", limit=3, after=after)
        listed += [row.id for row in page.rows]
        if not page.has_more:
            break
        after = (page.rows[-1].created_at, page.rows[-1].id)
        submit(database, new_job())
    assert listed == [job.id for job in reversed(jobs)]


def test_a_cancelled_job_refuses_the_result_of_its_worker(database: Database) -> None:
    job = new_job()
    submit(database, job)
    part = claim_part(database, job)
    with database.write() as connection:
        assert changes.cancel(connection, job.id, owner="local")
        assert not changes.cancel(connection, job.id, owner="local")
        assert not lease.report_progress(connection, part, done=1, total=2)
        assert lease.finish(connection, part, result_of(part)) is None
        assert retry(connection, job).part_id == job.part_id
    complete(database, job)
    with database.write() as connection, pytest.raises(Conflict):
        retry(connection, job)


def test_a_deleted_job_is_gone_for_everyone(database: Database) -> None:
    finished, running = new_job(), new_job()
    submit(database, finished, running)
    key = result_of(complete(database, finished)).key
    part = claim_part(database, running)
    with database.write() as connection:
        assert changes.remove(connection, finished.id, owner="local") == changes.JobDeletion(
            finished.id, "finished", (key,)
        )
        assert changes.remove(connection, running.id, owner="local").was == "unfinished"
        with pytest.raises(Gone):
            changes.remove(connection, finished.id, owner="local")
        with pytest.raises(NotFound):
            changes.remove(connection, "unknown", owner="local")
        with pytest.raises(NotFound):
            changes.remove(connection, running.id, owner="another owner")
        assert lease.finish(connection, part, result_of(part)) is None
        assert queries.list_jobs(connection, owner="local", limit=9).rows == []
        assert recordings.list_recordings(connection, owner="local", limit=9).rows == []
        assert recordings.find_audio(connection, [finished.id], owner="local") == {}
        assert connection.scalars(select(Job.text)).all() == ["", ""]
        changes.delete_audio_rows(connection, [key])
        assert connection.scalar(select(func.count()).select_from(Audio)) == 0


def test_remaining_characters_follow_the_segments(database: Database) -> None:
    half, unknown, other = new_job(text="x" * 100), new_job(text="x" * 40), new_job(queue="stub.bulk")
    submit(database, half, unknown, other)
    parts = [claim_part(database, job) for job in (half, unknown, other)]
    with database.write() as connection:
        assert lease.report_progress(connection, parts[0], done=1, total=2)
        assert queries.remaining_chars(connection, engine="hibari") == {"test": 90.0}


class TestJoining:
    """An equal request joins an earlier job that is unfinished or has not been delivered."""

    def test_equal_requests_in_one_transaction_create_one_job(self, database: Database) -> None:
        first, second = joinable(), joinable()
        answers = submit(database, first, second)
        assert [(one.job_id, one.created) for one in answers] == [(first.id, True), (first.id, False)]
        with database.read() as connection:
            assert connection.scalars(select(Job.id)).all() == [first.id]

    def test_an_unfinished_job_is_joined(self, database: Database) -> None:
        first = joinable()
        submit(database, first)
        assert joined(database) == first.id
        claim_part(database, first)
        assert joined(database) == first.id

    def test_a_completed_job_is_joined_for_a_minute(self, database: Database) -> None:
        first, later = joinable(), joinable()
        submit(database, first)
        complete(database, first)
        assert joined(database) == first.id
        with database.write() as connection:
            connection.execute(update(Job).values(finished_at=Job.finished_at - submission.JOIN_WITHIN_S))
        assert joined(database, later) == later.id
        assert joined(database) == later.id, "from now on it is that one"

    def test_a_delivered_job_is_not_joined(self, database: Database) -> None:
        first, later = joinable(), joinable()
        submit(database, first)
        complete(database, first)
        with database.write() as connection:
            submission.release_join_key(connection, first, delivered_id=first.id)
        assert joined(database, later) == later.id

    def test_delivering_a_job_keeps_the_key_of_a_later_one(self, database: Database) -> None:
        first, later = joinable(), joinable()
        submit(database, first)
        with database.write() as connection:
            changes.cancel(connection, first.id, owner="local")
        submit(database, later)
        with database.write() as connection:
            submission.release_join_key(connection, later, delivered_id=first.id)
        assert joined(database) == later.id

    @pytest.mark.parametrize("outcome", ["failed", "cancelled", "deleted", "deleted after its end"])
    def test_a_failed_cancelled_or_deleted_job_is_not_joined(self, database: Database, outcome: str) -> None:
        first, later = joinable(), joinable()
        submit(database, first)
        end_job(database, first, outcome=outcome)
        assert joined(database, later) == later.id

    def test_jobs_of_other_owners_are_not_joined(self, database: Database) -> None:
        first, other = joinable(), joinable(owner="another owner")
        submit(database, first)
        assert joined(database, other) == other.id
        assert joined(database) == first.id

    def test_releasing_a_join_key_keeps_idempotency_keys(self, database: Database) -> None:
        keyed = joinable(idempotency_key="k", request_hash="a", join_key=None)
        submit(database, keyed, first := joinable())
        with database.write() as connection:
            submission.release_join_key(connection, first, delivered_id=first.id)
        with database.write() as connection:
            repeated = replace(keyed, id=new_job().id)
            (answer,) = submission.submit(connection, [repeated], capacity=QueueCapacity(9))
        assert isinstance(answer, AcceptedJob)
        assert (answer.job_id, answer.created) == (keyed.id, False)

    def test_a_request_that_joins_a_refused_job_is_refused(self, database: Database) -> None:
        submit(database, new_job())
        with database.write() as connection:
            answers = submission.submit(connection, [joinable(), joinable()], capacity=QueueCapacity(1))
        assert all(isinstance(answer, QueueFull) for answer in answers)
        later = joinable()
        assert joined(database, later) == later.id

    def test_simultaneous_equal_requests_create_one_job(self, database: Database) -> None:
        ended = joinable()
        submit(database, ended)
        end_job(database, ended, outcome="failed")
        found: list[str] = []
        start = threading.Barrier(8)

        def run() -> None:
            start.wait()
            found.append(joined(database))

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert len({*found}) == 1
        assert status_of(database, found[0]) == "queued"


def retry(connection: Connection, job: NewJob) -> PartMessage:
    return changes.retry(connection, job.id, owner="local", capacity=QueueCapacity(9))


def joinable(**given: Any) -> NewJob:
    return new_job(**{"join_key": "\x01equal", **given})


def joined(database: Database, job: NewJob | None = None) -> str:
    """Submit an equal request. Returns the id of its job."""
    (answer,) = submit(database, job or joinable())
    return answer.job_id


def end_job(database: Database, job: NewJob, *, outcome: str) -> None:
    part = claim_part(database, job)
    with database.write() as connection:
        if outcome == "failed":
            assert lease.fail(connection, part, code="x", message="x")
        elif outcome == "cancelled":
            assert changes.cancel(connection, job.id, owner="local")
        else:
            if outcome != "deleted":
                assert lease.finish(connection, part, result_of(part))
            changes.remove(connection, job.id, owner="local")


class TestStages:
    STAGES = ("fake_a.interactive", "hibari.interactive")

    @pytest.fixture
    def job(self, database: Database) -> NewJob:
        options = Options(stages=self.STAGES, stage_of_voice={"fake_a": 0, "hibari_heart": 1})
        job = new_job(queue=self.STAGES[0], options=options)
        submit(database, job)
        return job

    def test_a_part_passes_from_queue_to_queue_with_its_partial_audio(
        self, database: Database, job: NewJob
    ) -> None:
        first = claim_part(database, job)
        assert (first.partial_audio, first.next_queue) == ((), self.STAGES[1])
        assert pass_on(database, first)
        assert status_of(database, job.id) == "queued"
        with database.write() as connection:
            # The worker publishes the message. The sweep publishes it later if it is lost.
            assert sweep.claim_due_messages(connection, queue=self.STAGES[1], limit=9) == []
            connection.execute(update(Part).values(next_message_at=0))
            (message,) = sweep.claim_due_messages(connection, queue=self.STAGES[1], limit=9)
        assert message.part_id == job.part_id
        last = claim_part(database, job)
        assert (last.partial_audio, last.next_queue, last.queue) == (("take-1",), None, self.STAGES[1])
        assert (last.attempt, last.attempts) == (2, 1), "the same attempt continues in the next stage"

    def test_a_stale_attempt_cannot_pass_a_part_on(self, database: Database, job: NewJob) -> None:
        stale = claim_part(database, job, lease_s=-1)
        with database.write() as connection:
            sweep.release_expired(connection, evidence(connection))
        assert not pass_on(database, stale)
        fresh = claim_part(database, job, isolated=True)
        assert (fresh.partial_audio, fresh.queue) == ((), self.STAGES[0])
        assert not pass_on(database, stale)
        assert pass_on(database, fresh)
        assert not pass_on(database, fresh)

    def test_failures_and_crashes_start_from_zero_in_the_next_stage(
        self, database: Database, job: NewJob
    ) -> None:
        claim_part(database, job, lease_s=-1)
        with database.write() as connection:
            sweep.release_expired(connection, evidence(connection))
        part = claim_part(database, job, isolated=True)
        with database.write() as connection:
            assert lease.retry_later(connection, part, delay_s=0)
        assert pass_on(database, claim_part(database, job, isolated=True))
        assert claim_part(database, job).failures == 0

    @pytest.mark.parametrize("outcome", ["failed", "cancelled"])
    def test_a_retry_starts_in_the_first_stage(self, database: Database, job: NewJob, outcome: str) -> None:
        assert pass_on(database, claim_part(database, job))
        end_job(database, job, outcome=outcome)
        with database.write() as connection:
            message = retry(connection, job)
        assert message.queue == self.STAGES[0]
        part = claim_part(database, job)
        assert (part.partial_audio, part.queue, part.next_queue) == ((), *self.STAGES)

    def test_a_cancelled_part_cannot_be_passed_on(self, database: Database, job: NewJob) -> None:
        part = claim_part(database, job)
        with database.write() as connection:
            assert changes.cancel(connection, job.id, owner="local")
        assert not pass_on(database, part)
        assert status_of(database, job.id) == "cancelled"


def pass_on(database: Database, part: ClaimedPart) -> bool:
    with database.write() as connection:
        queue = part.next_queue or "none"
        return lease.pass_on(connection, part, queue=queue, key=f"take-{part.attempt}")


CAPTIONS = (Caption(0.0, 1.5, 0, 12, "hibari_heart"),)


def test_captions_are_stored_and_deleted_with_the_audio(database: Database) -> None:
    job = new_job()
    submit(database, job)
    part = claim_part(database, job)
    finished = result_of(part, captions=CAPTIONS)
    with database.write() as connection:
        assert lease.finish(connection, part, finished)
        assert recordings.find_captions(connection, job.id, owner="local") == list(CAPTIONS)
        assert recordings.find_captions(connection, job.id, owner="another owner") is None
        changes.remove(connection, job.id, owner="local")
        assert recordings.find_captions(connection, job.id, owner="local") is None
        changes.delete_audio_rows(connection, [finished.key])
        assert connection.scalar(select(func.count()).select_from(Captions)) == 0


def test_a_lost_lease_stores_no_captions(database: Database) -> None:
    job = new_job()
    submit(database, job)
    part = claim_part(database, job)
    with database.write() as connection:
        assert changes.cancel(connection, job.id, owner="local")
        assert lease.finish(connection, part, result_of(part, captions=CAPTIONS)) is None
        assert connection.scalar(select(func.count()).select_from(Captions)) == 0


def test_an_incremental_text_is_stored_when_the_job_ends(database: Database) -> None:
    job = new_job(text="", options=Options(live_text=True))
    submit(database, job)
    part = claim_part(database, job)
    assert part.job.options.live_text
    with database.write() as connection:
        assert lease.finish(connection, part, result_of(part, text="Hello there.", captions=CAPTIONS))
        row = queries.get_job(connection, job.id, owner="local")
        [recording] = recordings.list_recordings(connection, owner="local", limit=5).rows
        totals = usage.totals(connection, owner="local")
    assert row is not None
    assert (row.text, row.chars) == ("Hello there.", 12)
    assert (recording.title, recording.text) == ("Hello there.", "Hello there.")
    assert totals.chars == 12
