"""Submit jobs of concurrent requests in shared transactions, written by one thread.

After the commit, the task messages of a batch are published in one round trip, and the requests are answered.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from api.error_handlers import refusal_of
from common.db.database import DATABASE_DOWN, Database
from common.errors import DatabaseUnavailable, InsufficientStorage, OratioError, QueueFull, Unavailable
from common.jobs.submission import AcceptedJob, NewJob, QueueCapacity, submit
from common.logs import get_logger
from common.messaging.messages import PartMessage
from common.messaging.notifier import Notifier
from common.watched_threads import WatchedThread

log = get_logger(__name__)

# A batch with so many jobs takes no more.
ENOUGH = 64
# A request waits this long for its transaction. A database that hangs would keep it for ever.
WITHIN_S = 5.0
# A disk on which there was room is asked again after this.
HAS_ROOM_FOR_S = 0.1
# Longer than the time-outs of the statements of one batch.
STUCK_AFTER_S = 20.0

Outcome = AcceptedJob | BaseException
Pending = tuple[NewJob, "asyncio.Future[AcceptedJob]"]


class SubmissionBatcher:
    """`capacity` is the space in the queue, also for jobs that are retried.

    `retry_after_s` returns how long a client should wait when the queue is full. It is called in the thread.
    """

    def __init__(
        self, database: Database, notifier: Notifier, *, queue_max: int, retry_after_s: Callable[[], float]
    ) -> None:
        self._database = database
        self._notifier = notifier
        self.capacity = QueueCapacity(queue_max)
        self._retry_after_s = retry_after_s
        self._has_room_until = 0.0
        self._arrived: list[Pending] = []
        self._pending: SimpleQueue[list[Pending] | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = WatchedThread(
            "submissions",
            take=self._next_batch,
            handle=self._submit_batch,
            refuse=self._refuse,
            stuck_after_s=STUCK_AFTER_S,
        )

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop after all submitted jobs have been written."""
        self._hand_over()
        self._pending.put(None)
        self._thread.join()

    def trouble(self) -> str | None:
        return self._thread.trouble()

    async def submit(self, job: NewJob) -> AcceptedJob:
        """Submit a job, which is durable when this returns. Raises OratioError if it is rejected."""
        future: asyncio.Future[AcceptedJob] = self._loop.create_future()
        if not self._arrived:
            self._loop.call_soon(self._hand_over)
        self._arrived.append((job, future))
        try:
            async with asyncio.timeout(WITHIN_S):
                return await future
        except TimeoutError:
            raise DatabaseUnavailable("The database does not answer in time. Try again.") from None

    def _hand_over(self) -> None:
        """Give the thread at once what one round of the loop has read. Alone, each job would wake it."""
        if self._arrived:
            self._pending.put(self._arrived)
            self._arrived = []

    def _submit_batch(self, batch: list[Pending]) -> None:
        outcomes = self._accept([job for job, _ in batch])
        try:
            self._notifier.notify_parts(
                [_message(done) for done in outcomes if _is_new(done)],
                heard_ids=[job.id for job, _ in batch if job.options.streamed],
            )
        except Exception:  # the jobs are accepted, and the sweep publishes their messages again
            log.exception("could not publish task messages")
        pairs = [(future, outcome) for (_, future), outcome in zip(batch, outcomes, strict=True)]
        self._loop.call_soon_threadsafe(_resolve, pairs)

    def _refuse(self, batch: list[Pending]) -> None:
        refusal = Unavailable("The job could not be stored. Try again.")
        self._loop.call_soon_threadsafe(_resolve, [(future, refusal) for _, future in batch])

    def _next_batch(self) -> list[Pending] | None:
        """Wait for jobs, then take all that have arrived. None after `close`."""
        batch: list[Pending] = []
        arrived = self._pending.get()
        while arrived is not None:
            # A request that gave up was promised nothing.
            batch += [pending for pending in arrived if not pending[1].cancelled()]
            if len(batch) >= ENOUGH or (batch and self._pending.empty()):
                return batch
            arrived = self._pending.get()
        if batch:
            self._pending.put(None)
        return batch or None

    def _accept(self, jobs: Sequence[NewJob]) -> Sequence[Outcome]:
        if not self._has_room():
            return [InsufficientStorage() for _ in jobs]
        try:
            with self._database.write() as connection:
                outcomes = submit(connection, jobs, capacity=self.capacity)
        except DATABASE_DOWN as error:
            log.warning("database does not answer", error=type(error).__name__)
            return [refusal_of(error) for _ in jobs]
        self._add_retry_after(outcomes)
        return outcomes

    def _has_room(self) -> bool:
        """Ask at most every HAS_ROOM_FOR_S, because each look at the disk hands over the interpreter twice."""
        now = time.monotonic()
        if now > self._has_room_until and self._database.reserve.has_room():
            self._has_room_until = now + HAS_ROOM_FOR_S
        return now <= self._has_room_until

    def _add_retry_after(self, outcomes: Sequence[AcceptedJob | OratioError]) -> None:
        full = [error for error in outcomes if isinstance(error, QueueFull)]
        if not full:
            return
        try:
            retry_after_s = self._retry_after_s()
        except Exception:  # other jobs of the batch may be accepted, which must not fail now
            log.exception("could not estimate when the queue has room")
            return
        for error in full:
            error.retry_after_s = retry_after_s


def _is_new(outcome: Outcome) -> bool:
    return isinstance(outcome, AcceptedJob) and outcome.created


def _message(outcome: Outcome) -> PartMessage:
    assert isinstance(outcome, AcceptedJob)  # noqa: S101  # checked by _is_new
    return PartMessage(outcome.part_id, outcome.queue, isolated=False)


def _resolve(pairs: Sequence[tuple["asyncio.Future[AcceptedJob]", Outcome]]) -> None:
    for future, outcome in pairs:
        if future.done():  # its request was cancelled, but the job continues
            continue
        if isinstance(outcome, AcceptedJob):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
