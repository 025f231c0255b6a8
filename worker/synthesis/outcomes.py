"""Writes the outcome of an attempt: completed, passed on, stopped, cancelled, retried, handed over or failed."""

import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from common import providers, worker_registry
from common.catalogue import find_model
from common.db.database import DATABASE_DOWN
from common.errors import Gone, NotFound
from common.jobs import changes, lease, queries
from common.jobs.lease import ClaimedPart, SynthesisResult
from common.logs import get_logger
from common.messaging.messages import PartMessage
from common.messaging.queue_names import job_queue
from common.provider_names import INFERENCE, STUB
from worker.engines.protocol import EngineError
from worker.runtime.context import WorkerContext
from worker.runtime.leases import HeldLease
from worker.synthesis.kept_segments import KeptSegments
from worker.synthesis.partial_audio import PartialAudio

log = get_logger(__name__)

# The delay is at most 2 seconds the first time, then 8, 32 and 60, and at least half of that. A failure reaches only 2
# and 8, because the third one is final (MAX_FAILURES). While the store does not answer, `put_off` reaches all of them.
RETRY_BASE_S = 2.0
RETRY_MAX_S = 60.0


class Outcomes:
    """Each method ends the attempt and returns whether the job has ended."""

    def __init__(
        self, context: WorkerContext, part: ClaimedPart, held: HeldLease, kept: KeptSegments
    ) -> None:
        self._context = context
        self._part = part
        self._held = held
        self._kept = kept

    def complete(self, result: SynthesisResult) -> bool:
        part = self._part
        ended = self._held.write(
            lambda c: lease.finish(c, part, result) or self._committed_outcome(c, result)
        )
        if ended is None:
            # The key contains the attempt, so no other attempt wrote this file, and no row names it.
            self._delete_files([result.key])
            log.info("superseded", key=result.key)
            return self._has_ended()
        self._context.notifier.publish_event(part.job.id, "completed", **ended)
        if part.partial_audio:
            self._delete_files(part.partial_audio)
        log.info(
            "completed", audio_s=round(result.duration_s, 2), segments=result.segments, **ended["timings"]
        )
        return True

    def _committed_outcome(self, connection: Connection, result: SynthesisResult) -> dict[str, Any] | None:
        """The outcome, if an earlier try was committed although the connection broke before the answer."""
        job = queries.get_job(connection, self._part.job.id, owner=self._part.job.owner)
        return job.outcome() if job is not None and job.audio_key == result.key else None

    def pass_on(self, partial: PartialAudio) -> bool:
        """Queue the part for the next stage. The voices of this stage have spoken."""
        part, queue = self._part, self._part.next_queue
        if queue is None:
            raise ValueError("the last stage makes the file and passes nothing on")
        if self._held.write(lambda c: lease.pass_on(c, part, queue=queue, key=partial.key)):
            log.info("passed on", queue=queue)
            self._kept.delete()
            message = PartMessage(part.part_id, queue, isolated=False)
            self._context.notifier.notify_parts([message], even_if_full=True)
        else:
            self._delete_files([partial.key])
            log.info("superseded", key=partial.key)
        return False

    def stop(self) -> bool:
        if self._held.lost.is_set():
            log.info("stopped", reason="cancelled or superseded")
            return self._has_ended()
        self._kept.end_attempt()
        if self._held.write(lambda connection: lease.hand_back(connection, self._part)):
            log.info("handed back")
        return False

    def put_off(self) -> bool:
        """Queue the part again, because the store does not respond. That counts as no failure, however long it lasts.

        The delay grows with the attempts, because each of them speaks segments again.
        """
        part, delay_s = self._part, retry_delay_s(self._part.attempt - 1, asked_s=None)
        error = EngineError("store_unavailable", "The store does not answer.", retryable=True)
        written = self._held.write(lambda c: lease.hand_back(c, part, delay_s=delay_s))
        self._publish("retrying", error, written=written, delay_s=round(delay_s, 1))
        return False

    def cancel(self) -> bool:
        """Cancel the job because its last listener left."""
        job = self._part.job
        with suppress(Gone, NotFound):  # it was deleted meanwhile
            self._held.write(lambda c: changes.cancel(c, job.id, owner=job.owner))
            self._context.notifier.publish_event(job.id, "cancelled")
            log.info("cancelled", reason="nobody listens")
        return True

    def fail(self, error: EngineError) -> bool:
        """Retry a temporary failure, hand over to another provider if one can speak the text, or fail the job."""
        part = self._part
        if error.retryable and part.failures + 1 < lease.MAX_FAILURES:
            self._kept.end_attempt()
            delay_s = retry_delay_s(part.failures, asked_s=error.retry_after_s)
            retried = self._held.write(lambda c: lease.retry_later(c, part, delay_s=delay_s))
            self._publish("retrying", error, written=retried, delay_s=round(delay_s, 1))
            return False
        if (provider := self._next_provider(error)) is not None:
            self._hand_over(error, provider=provider)
            return False
        ended = self._held.write(lambda c: lease.fail(c, part, code=error.code, message=error.message))
        self._publish("failed", error, written=ended)
        return ended

    def _delete_files(self, keys: Sequence[str]) -> None:
        try:
            self._context.store.delete(keys)
        except OSError as error:
            # No row names these files, so the cleanup deletes them.
            log.warning("files remain for the cleanup", files=len(keys), error=type(error).__name__)

    def _has_ended(self) -> bool:
        """True if the job is terminal or deleted. False while the database is down: the live audio then expires."""
        try:
            with self._context.database.read() as connection:
                job = queries.get_job(connection, self._part.job.id, owner=self._part.job.owner)
        except DATABASE_DOWN:
            return False
        return job is None or job.status.is_terminal

    def _next_provider(self, error: EngineError) -> str | None:
        """Hosted inference if it has the model, or the stub for a model that cannot be loaded, or None."""
        job = self._part.job
        if error.caller_fault or not job.may_fail_over:
            return None
        with self._context.database.read() as connection:
            workers = worker_registry.recent_workers(connection)
        if find_model(job.model).hosted and providers.announced_voices(INFERENCE, workers):
            return INFERENCE
        has_stub = self._context.settings.fallback_stub and providers.announced_voices(STUB, workers)
        return STUB if error.code == "model_broken" and has_stub else None

    def _hand_over(self, error: EngineError, *, provider: str) -> None:
        part, queue = self._part, job_queue(provider, lane=self._part.job.priority)
        hosted = provider == INFERENCE
        instead = "Spoken by hosted inference instead." if hosted else "Only a beep, not speech."
        warning = f"The local engine failed ({error.code}): {error.message} {instead}"
        moved = self._held.write(
            lambda c: lease.hand_over(c, part, queue=queue, provider=provider, warning=warning)
        )
        self._publish("retrying", error, written=moved, provider=provider)
        if moved:
            self._kept.delete()
            self._context.queue_refill.top_up(queue)

    def _publish(self, event: str, error: EngineError, *, written: bool, **data: Any) -> None:
        if written:
            self._context.notifier.publish_event(
                self._part.job.id, event, code=error.code, message=error.message, **data
            )
        log.warning(event, code=error.code, reason=error.message, written=written, **data)


def retry_delay_s(failures: int, *, asked_s: float | None) -> float:
    """A random delay, so that jobs that failed together are not retried together. At least `asked_s`."""
    ceiling = min(RETRY_MAX_S, RETRY_BASE_S * 4**failures)
    return max(asked_s or 0.0, random.uniform(ceiling / 2, ceiling))  # noqa: S311
