"""Decides which waiting utterance goes to which engine process next.

Each process gets as much as keeps it busy, so that most utterances wait here and a process that becomes free takes the
next one. Interactive work goes before bulk work. While interactive work keeps coming, one of several processes takes no
bulk work at all, so that a sentence rarely waits for a bulk segment to end.
"""

import time
from bisect import insort
from collections import Counter
from collections.abc import Callable, Sequence

from common.messaging.queue_names import BULK
from worker.engines.protocol import Utterance
from worker.inference.engine_handle import EngineHandle, PendingSpeech

# An utterance is due this long after its arrival, and the one that is due first goes first. A listener who hears the
# first segment of a text can wait for the next ones. Nobody listens to bulk jobs, but they must not wait for ever.
_LATER_SEGMENT_DELAY_S = 2.0
_BULK_DELAY_S = 30.0
# An isolated part speaks few urgent segments, and other isolated parts cannot begin before they are spoken. A worker
# with a job on each thread rarely has older segments waiting.
_URGENT_HEAD_START_S = 10.0
# How long after an interactive utterance one process stays free of bulk work.
_INTERACTIVE_FOR_S = 5.0
# A process holds as many utterances as two calls take: it begins the next call without asking for it.
_CALLS_AHEAD = 2


class EngineTurns:
    """Not thread-safe: the pool holds its lock."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: list[PendingSpeech] = []
        self._interactive_at = float("-inf")

    def __len__(self) -> int:
        return len(self._waiting)

    def due_at(self, utterance: Utterance, *, lane: str, is_urgent: bool = False) -> float:
        """When an utterance that arrives now is due."""
        delay_s = 0.0 if utterance.is_first else _LATER_SEGMENT_DELAY_S
        if is_urgent:
            delay_s = -_URGENT_HEAD_START_S
        return self._clock() + delay_s + (_BULK_DELAY_S if lane == BULK else 0.0)

    def add(self, request: PendingSpeech) -> None:
        """Queue an utterance. One whose process died goes first."""
        if not request.is_bulk:
            self._interactive_at = self._clock()
        insort(self._waiting, request, key=lambda one: (not one.deaths, one.due_at))

    def take(self, handles: Sequence[EngineHandle]) -> tuple[PendingSpeech, EngineHandle] | None:
        """Remove the next utterance that a process can take. None if none can."""
        self._waiting = [request for request in self._waiting if not request.future.cancelled()]
        ready = [handle for handle in handles if handle.is_ready]
        for request in self._waiting:
            if handle := self._choose(request, ready):
                chosen = self._spread(request, handle, handles)
                self._waiting.remove(chosen)
                return chosen, handle
        return None

    def drain(self) -> list[PendingSpeech]:
        """Remove and return everything that waits."""
        drained, self._waiting = self._waiting, []
        return drained

    def _choose(self, request: PendingSpeech, ready: Sequence[EngineHandle]) -> EngineHandle | None:
        willing = [handle for handle in ready if self._can_take(request, handle, ready)]
        if not willing:
            return None
        # Not empty: the one whose running call began first, since it probably ends first.
        return min(
            willing,
            key=lambda handle: (
                bool(handle.outstanding),
                not handle.has_loaded(request.weights),
                len(handle.outstanding),
                _busy_since(handle),
            ),
        )

    def _spread(
        self, request: PendingSpeech, handle: EngineHandle, handles: Sequence[EngineHandle]
    ) -> PendingSpeech:
        """Return the utterance that goes to the process in place of `request`, so that no job fills a process.

        It belongs to the job with the fewest utterances in this process. If several jobs have the fewest, it belongs to
        the one with the fewest in all processes. So the death of a process or of the worker costs each job few
        segments. An engine that does not batch holds few anyway, and gets `request`.
        """
        if request.deaths or request.is_urgent or handle.max_batch(request.weights) == 1:
            return request
        here = Counter(one.utterance.job_id for one in handle.outstanding.values())
        anywhere = Counter(one.utterance.job_id for each in handles for one in each.outstanding.values())
        if not anywhere[request.utterance.job_id]:
            return request
        similar = (
            one
            for one in self._waiting
            if (one.weights, one.lane, one.deaths) == (request.weights, request.lane, 0)
        )
        return min(similar, key=lambda one: (here[one.utterance.job_id], anywhere[one.utterance.job_id]))

    def _can_take(self, request: PendingSpeech, handle: EngineHandle, ready: Sequence[EngineHandle]) -> bool:
        held = list(handle.outstanding.values())
        if request.deaths:
            return not held
        if any(one.deaths for one in held):
            return False
        if request.is_bulk and not self._has_bulk_turn(handle, ready):
            return False
        # Bulk work that waits in a process must not keep interactive work out of it.
        counted = held if request.is_bulk else [one for one in held if not one.is_bulk]
        return len(counted) < _CALLS_AHEAD * handle.max_batch(request.weights)

    def _has_bulk_turn(self, handle: EngineHandle, ready: Sequence[EngineHandle]) -> bool:
        """Whether another process stays free of bulk work, or nothing interactive came lately."""
        if len(ready) < 2 or self._clock() > self._interactive_at + _INTERACTIVE_FOR_S:
            return True
        others = [other for other in ready if other is not handle]
        return not all(any(one.is_bulk for one in other.outstanding.values()) for other in others)


def _busy_since(handle: EngineHandle) -> float:
    """When the running call began. 0 between calls. Read once: the call may end at any moment."""
    call = handle.running
    return call.began_at if call else 0.0
