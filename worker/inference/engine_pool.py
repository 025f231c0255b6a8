"""The engine processes of a worker: hands utterances out, gets speech back, replaces processes that die or hang.

A process that dies costs the utterances that it was speaking. Each of them is spoken once more, alone in a process. If
that one dies too, its future fails. Utterances that waited in the dead process go to another one.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

from common.logs import get_logger
from common.messaging.queue_names import INTERACTIVE
from worker.engines.protocol import Speech, Utterance
from worker.host.engine_settings import EngineSettings
from worker.inference.engine_handle import EngineHandle, PendingSpeech, start_engine_process
from worker.inference.engine_messages import (
    Cancel,
    Done,
    Failed,
    Load,
    MarkOutdated,
    Report,
    Spoken,
    State,
    Unload,
)
from worker.inference.engine_recovery import salvage
from worker.inference.engine_turns import EngineTurns
from worker.inference.future_results import complete, succeeds
from worker.inference.hang_watch import LOOK_EVERY_S, HangWatcher
from worker.inference.slow_calls import SlowCalls, has_room_beside

log = get_logger(__name__)

START_TIMEOUT_S = 120.0
_END_TIMEOUT_S = 5.0
# The delay before a process is started, by how many in a row did not get as far as to report.
_START_DELAYS_S = (0.0, 1.0, 5.0, 15.0, 30.0)


class EnginePool:
    """Call `start`, and at the end `close`.

    `devices` has one entry for each process. `pinned` returns the weights that every process loads at its start.
    `on_change` is called after models were loaded or unloaded, and when a process has ended.
    """

    def __init__(
        self,
        settings: EngineSettings,
        devices: Sequence[str],
        *,
        pinned: Callable[[], Sequence[str]] = tuple,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        # Engine calls so far, by weights.
        self.call_counts: Counter[str] = Counter()
        self._settings = settings
        self._devices = devices
        self._pinned = pinned
        self._on_change = on_change
        # Reentrant: the callback of a future that is cancelled under the lock takes it again.
        self._changed = threading.Condition(threading.RLock())
        self._turns = EngineTurns()
        self._slow_calls = SlowCalls()
        self._ids = itertools.count(1)
        self._handles: dict[int, EngineHandle] = {}
        # Models that new processes load.
        self._asked: set[str] = set()
        self._closing = threading.Event()
        # A copy of a dict needs no lock.
        self._watcher = HangWatcher(lambda: list(self._handles.values()), start_timeout_s=START_TIMEOUT_S)
        self._threads = [
            threading.Thread(target=self._keep_process, args=(slot,), name=f"engine-{slot}", daemon=True)
            for slot in range(len(devices))
        ]
        # The slot behind those of the devices.
        self._spare_slot = len(devices)
        if set(devices) <= {"cpu", "auto"}:  # the memory of a GPU is not known here
            self._threads.append(
                threading.Thread(target=self._keep_spare_process, name="engine-spare", daemon=True)
            )

    def start(self) -> None:
        """Start the processes. Utterances may come before."""
        for thread in self._threads:
            thread.start()
        self._watcher.start()

    def submit(
        self, weights: str, utterance: Utterance, *, lane: str = INTERACTIVE, is_urgent: bool = False
    ) -> Future[Speech]:
        """Queue an utterance. Its future fails with EngineError, and can be cancelled until the speech is there.

        After `close` it is cancelled at once.
        """
        with self._changed:
            due_at = self._turns.due_at(utterance, lane=lane, is_urgent=is_urgent)
            request = PendingSpeech(next(self._ids), weights, utterance, lane, due_at, is_urgent=is_urgent)
            if self._closing.is_set():
                request.future.cancel()
            self._turns.add(request)
            self._hand_out()
            self._changed.notify_all()
        request.future.add_done_callback(partial(self._forget_cancelled, request))
        return request.future

    def preload(self, weights: str) -> list[Future[bool]]:
        """Have every process load a model. The futures complete when it is loaded, and fail with EngineError.

        If there are no processes now, they start and load it, and there are no futures.
        """
        with self._changed:
            if not self._handles:
                self._asked.add(weights)
                self._changed.notify_all()
            return [self._command(one, Load(next(self._ids), weights)) for one in self._handles.values()]

    def unload(self, weights: str, *, timeout_s: float) -> bool:
        """Returns False if a process still has the model loaded, because it is in use, pinned or very busy."""
        with self._changed:
            futures = [
                self._command(handle, Unload(next(self._ids), weights)) for handle in self._handles.values()
            ]
        deadline = time.monotonic() + timeout_s
        return all(succeeds(future, timeout_s=deadline - time.monotonic()) for future in futures)

    def mark_outdated(self, weights: str) -> None:
        """The files of these weights have changed: every process loads them anew."""
        with self._changed:
            for handle in self._handles.values():
                handle.send(MarkOutdated(weights))

    @property
    def process_count(self) -> int:
        return len(self._devices)

    def states(self) -> list[State]:
        """The models of each process."""
        with self._changed:
            return [handle.state for handle in self._handles.values()]

    def pids(self) -> list[int]:
        with self._changed:
            return [handle.pid for handle in self._handles.values()]

    def max_batch(self, weights: str) -> int:
        """How many utterances share a call. 1 before the first process has created the engine."""
        with self._changed:
            return max((handle.max_batch(weights) for handle in self._handles.values()), default=1)

    def in_use(self, weights: str) -> bool:
        with self._changed:
            held = [one for handle in self._handles.values() for one in handle.outstanding.values()]
        return any(one.weights == weights for one in held)

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Wait until every process has reported. Returns False if one has not."""
        with self._changed:
            return self._changed.wait_for(self._is_ready, timeout_s)

    def cancel_all(self) -> None:
        """Cancel all utterances, also those that are being spoken."""
        with self._changed:
            held = [one for handle in self._handles.values() for one in handle.outstanding.values()]
            for request in (*self._turns.drain(), *held):
                request.future.cancel()

    def close(self, timeout_s: float) -> None:
        """End all processes, and cancel the utterances that wait."""
        self._closing.set()
        self._watcher.close()
        with self._changed:
            self._changed.notify_all()
            for handle in self._handles.values():
                handle.kill()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        for request in self._turns.drain():
            request.future.cancel()

    def _is_ready(self) -> bool:
        if not self._needs_process():
            return True
        handles = [one for slot, one in self._handles.items() if slot != self._spare_slot]
        return len(handles) == len(self._devices) and all(one.is_ready for one in handles)

    def _needs_process(self) -> bool:
        """Processes without a pinned model start when there is work, and end when they are idle."""
        return self._closing.is_set() or bool(self._pinned() or self._asked or len(self._turns))

    def _hand_out(self) -> None:
        handles = list(self._handles.values())
        slow = [handle for handle in handles if self._slow_calls.is_slow(handle)]
        for handle in slow:
            self._take_waiting(handle)
        while turn := self._turns.take([handle for handle in handles if handle not in slow]):
            request, handle = turn
            handle.speak(request)
            self._slow_calls.note_handed_out(handle)
        spare = self._handles.get(self._spare_slot)
        if spare and spare.is_ready and not slow and not spare.owes_answers:
            spare.kill()

    def _take_waiting(self, handle: EngineHandle) -> None:
        """Give what waits behind a slow call to other processes, with a new id: the old one may still be answered."""
        for request in self._slow_calls.take_waiting(handle):
            handle.send(Cancel(request.id))
            request.id = next(self._ids)
            self._turns.add(request)

    def _command(self, handle: EngineHandle, command: Load | Unload) -> Future[bool]:
        future = handle.commands[command.id] = Future[bool]()
        if isinstance(command, Load):
            handle.loads[command.id] = command.weights
        handle.send(command)
        return future

    def _forget_cancelled(self, request: PendingSpeech, future: Future[Speech]) -> None:
        if not future.cancelled():
            return
        with self._changed:
            for handle in self._handles.values():
                if request.id in handle.outstanding:
                    handle.send(Cancel(request.id))

    def _keep_process(self, slot: int) -> None:
        """Start the process of a slot, take its reports, and start another one when it has ended."""
        failed_starts = 0
        while not self._closing.wait(_START_DELAYS_S[min(failed_starts, len(_START_DELAYS_S) - 1)]):
            with self._changed:
                self._changed.wait_for(self._needs_process)
            if self._closing.is_set():
                return
            failed_starts += 1
            try:
                handle = self._start(slot)
            except Exception:  # for example no memory for another process: the thread must try again
                log.exception("the engine process could not be started")
                continue
            handle.receive(partial(self._take_report, handle))
            if handle.has_reported:
                failed_starts = 0
            self._clear_up(slot, handle)

    def _keep_spare_process(self) -> None:
        """Run another process while a call is slow and something waits. `_hand_out` ends it."""
        while not self._closing.wait(LOOK_EVERY_S):
            with self._changed:
                self._hand_out()
                slow = [one for one in self._handles.values() if self._slow_calls.is_slow(one)]
                is_needed = bool(slow and len(self._turns))
            if not is_needed or not has_room_beside(slow[0]):
                continue
            log.warning("a call takes long, a spare engine process starts", pid=slow[0].pid)
            try:
                handle = self._start(self._spare_slot)
            except Exception:
                log.exception("the spare engine process could not be started")
                continue
            handle.receive(partial(self._take_report, handle))
            self._clear_up(self._spare_slot, handle)

    def _start(self, slot: int) -> EngineHandle:
        device = self._devices[slot % len(self._devices)]
        handle = start_engine_process(self._settings, share=self._devices.count(device), device=device)
        with self._changed:
            self._handles[slot] = handle
            if self._closing.is_set():  # `close` did not see it
                handle.kill()
        return handle

    def _take_report(self, handle: EngineHandle, report: Report, speech: Speech | None) -> None:
        match report:
            case State():
                self._take_state(handle, report)
            case Spoken():
                if speech is not None:
                    self._take_speech(handle, report, speech)
            case Failed():
                self._take_failure(handle, report)
            case Done():
                handle.loads.pop(report.id, None)
                if future := handle.commands.pop(report.id, None):
                    future.set_result(report.ok)

    def _take_speech(self, handle: EngineHandle, report: Spoken, speech: Speech) -> None:
        with self._changed:
            request = handle.outstanding.get(report.id)
            if request is None:
                return
            if handle.is_new_call(report.call):
                self.call_counts[request.weights] += 1
                self._slow_calls.note_spoken(handle, request)
            self._take_back(handle, report.id)
        complete(request.future, speech)

    def _take_state(self, handle: EngineHandle, state: State) -> None:
        with self._changed:
            is_new = not handle.has_reported
            handle.state = state
            # What waits goes before the pinned models, which another process may have loaded already.
            self._hand_out()
            if is_new and handle is not self._handles.get(self._spare_slot):
                self._load_models(handle)
            self._changed.notify_all()
        self._on_change()

    def _load_models(self, handle: EngineHandle) -> None:
        for weights in {*self._pinned(), *self._asked}:
            self._command(handle, Load(next(self._ids), weights))
        if self._is_ready():
            self._asked.clear()

    def _take_failure(self, handle: EngineHandle, report: Failed) -> None:
        error = report.failure.to_error()
        handle.loads.pop(report.id, None)
        if future := handle.commands.pop(report.id, None):
            future.set_exception(error)
        elif error.code == "device_lost":
            # The process ends after this report.
            handle.lost_ids.add(report.id)
        elif request := self._take_back(handle, report.id):
            complete(request.future, error)

    def _take_back(self, handle: EngineHandle, request_id: int) -> PendingSpeech | None:
        with self._changed:
            request = handle.outstanding.pop(request_id, None)
            self._hand_out()
        return request

    def _clear_up(self, slot: int, handle: EngineHandle) -> None:
        """Give the utterances of an ended process to others, and fail those that ended two."""
        code = handle.end(timeout_s=_END_TIMEOUT_S)
        with self._changed:
            del self._handles[slot]
            found = salvage(handle)
            # The next process loads the same. One that ended because it was idle may have got a command meanwhile.
            if slot != self._spare_slot:
                self._asked |= handle.models_to_load_again()
            self._slow_calls.forget(handle)
            for request in found.again:
                self._turns.add(request)
            self._hand_out()
        handle.close_record()
        if not self._closing.is_set():
            log.warning("engine process ended", pid=handle.pid, code=code, given_back=len(found.again))
        for request in found.failed:
            complete(request.future, found.error)
        for future in handle.commands.values():
            future.set_exception(found.error)
        self._on_change()
