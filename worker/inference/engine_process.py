"""A process that runs engines for a worker, which is its parent: `python -m worker.inference.engine_process`.

It takes commands from a socket and answers with speech. It ends when the worker closes the socket or dies, when its
device is lost, and when it is idle but holds much more memory than after its last load.
"""

import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from queue import SimpleQueue

import numpy as np

from common.logs import configure_logs, get_logger
from worker.engines.protocol import EngineError, Speech
from worker.host.engine_settings import ReceivedSettings
from worker.host.memory import memory_bytes, release_memory
from worker.host.parent_death import end_with_parent
from worker.inference.batcher import EngineCall
from worker.inference.call_record import CallRecord
from worker.inference.engine_host import EngineHost
from worker.inference.engine_messages import (
    CANCELLED,
    Cancel,
    Command,
    Done,
    Failed,
    Failure,
    Load,
    MarkOutdated,
    Report,
    Speak,
    Spoken,
    Start,
    Unload,
    decode_command,
    encode,
)
from worker.inference.frames import receive_frame, send_frame

log = get_logger(__name__)

# By default a thread keeps the interpreter for up to 5 ms. The thread that sends speech would wait that long for the
# engine's thread, which prepares the next segment.
_SWITCH_INTERVAL_S = 0.0005
_TICK_S = 1.0
# How long a call waits until the worker has taken the speech of the call before it.
SEND_WAIT_S = 0.02
# An idle process that holds this much more than after its last load ends. Its worker starts another one.
GROWTH_BYTES = 256 * 1024 * 1024
DEVICE_LOST_EXIT_CODE = 71


class EngineProcess:
    def __init__(self, connection: socket.socket, record: CallRecord) -> None:
        self._connection = connection
        self._record = record
        self._outgoing: SimpleQueue[tuple[Report, Speech | None]] = SimpleQueue()
        # Guards the requests. The batcher may begin a call before `submit` returns.
        self._lock = threading.Lock()
        self._requests: dict[Future[Speech], Speak | Load] = {}
        self._unsent = 0
        self._sent = threading.Condition()
        self._changed_memory = False
        self._base_bytes = 0

    def run(self) -> None:
        """Serve the worker until it closes the connection."""
        frame = receive_frame(self._connection)
        start = decode_command(frame[0]) if frame else None
        if not isinstance(start, Start):
            return
        settings = ReceivedSettings.from_json(start.settings)
        configure_logs(level=settings.log_level, process="engine")
        self._host = EngineHost(
            settings,
            share=start.share,
            call_began=self._record_call,
            call_ended=self._record.end,
            on_change=self._report_state,
        )
        threading.Thread(target=self._send_reports, name="reports", daemon=True).start()
        self._report_state()
        for command in self._commands():
            self._handle(command)

    def _commands(self) -> Iterator[Command]:
        while True:
            while not select.select([self._connection], [], [], _TICK_S)[0]:
                self._tidy()
            frame = receive_frame(self._connection)
            if frame is None:
                return
            yield decode_command(frame[0])

    def _handle(self, command: Command) -> None:
        match command:
            case Speak() | Load():
                self._submit(command)
            case Unload():
                # It waits while another model is being loaded.
                threading.Thread(target=self._unload, args=(command,), daemon=True).start()
            case Cancel():
                self._cancel(command.id)
            case MarkOutdated():
                self._host.mark_outdated(command.weights)

    def _submit(self, command: Speak | Load) -> None:
        self._changed_memory = True
        try:
            with self._lock:
                future = self._start(command)
                self._requests[future] = command
        except Exception as error:
            log.exception("an engine could not be created")
            message = (
                f"The engine could not be created ({type(error).__name__}). The worker's log has the details."
            )
            self._report(Failed(command.id, Failure("engine_failed", message)))
            return
        future.add_done_callback(self._report_result)

    def _start(self, command: Speak | Load) -> Future[Speech]:
        if isinstance(command, Load):
            return self._host.load(command.weights)
        return self._host.speak(command.weights, command.utterance, lane=command.lane)

    def _unload(self, command: Unload) -> None:
        self._report(Done(command.id, ok=self._host.unload(command.weights)))

    def _cancel(self, request_id: int) -> None:
        with self._lock:
            futures = [future for future, command in self._requests.items() if command.id == request_id]
        for future in futures:
            future.cancel()

    def _record_call(self, call: EngineCall) -> None:
        # A call may end the process. The speech of the call before it must not be lost.
        with self._sent:
            self._sent.wait_for(lambda: not self._unsent, SEND_WAIT_S)
        with self._lock:
            ids = [self._requests[future].id for future in call.futures]
        self._record.begin(ids, began_at=call.began_at, timeout_s=call.timeout_s)

    def _report_result(self, future: Future[Speech]) -> None:
        with self._lock:
            command = self._requests.pop(future)
        try:
            speech = future.result()
        except CancelledError:
            self._report(Failed(command.id, Failure(CANCELLED, "The request was cancelled.")))
        except EngineError as error:
            self._report(Failed(command.id, Failure.of(error)))
        else:
            self._report_success(command, speech)

    def _report_success(self, command: Speak | Load, speech: Speech) -> None:
        if isinstance(command, Load):
            self._report(Done(command.id, ok=True))
        else:
            spoken = Spoken(command.id, self._record.number, speech.sample_rate_hz, speech.words)
            self._report(spoken, speech)

    def _report_state(self) -> None:
        self._base_bytes = memory_bytes()
        self._changed_memory = True
        self._report(self._host.state())

    def _report(self, report: Report, speech: Speech | None = None) -> None:
        with self._sent:
            self._unsent += 1
        self._outgoing.put((report, speech))

    def _send_reports(self) -> None:
        """Send reports on a thread of its own, so that the engine does not wait long for the worker."""
        while True:
            report, speech = self._outgoing.get()
            try:
                send_frame(self._connection, encode(report), _payload(speech))
            except OSError:  # the worker is gone
                os._exit(0)
            with self._sent:
                self._unsent -= 1
                if not self._unsent:
                    self._sent.notify()
            if self._host.device_lost and self._outgoing.empty():
                os._exit(DEVICE_LOST_EXIT_CODE)

    def _tidy(self) -> None:
        """Give memory back in a pause. The process itself ends if it still holds too much: nothing else helps then."""
        with self._lock:
            if self._requests:
                return
        self._host.unload_idle()
        if not self._changed_memory:
            return
        self._changed_memory = False
        release_memory()
        if self._host.is_unloaded:
            log.info("ends because it has unloaded its models")
            os._exit(0)
        held_bytes, base_bytes = memory_bytes(), self._base_bytes
        if held_bytes - base_bytes > max(GROWTH_BYTES, base_bytes // 2):
            log.info("ends to free memory", held_mb=held_bytes >> 20, base_mb=base_bytes >> 20)
            os._exit(0)


def _payload(speech: Speech | None) -> bytes | memoryview:
    # An empty array cannot be viewed as bytes.
    if speech is None or not len(speech.samples):
        return b""
    return np.ascontiguousarray(speech.samples, dtype=np.float32).data


def main() -> None:
    connection_fd, record_fd, parent = map(int, sys.argv[1:])
    end_with_parent(parent)
    # The worker gets these signals too. It still needs its engines for the jobs that it finishes.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    with socket.socket(fileno=connection_fd) as connection, os.fdopen(record_fd, "r+b") as file:
        EngineProcess(connection, CallRecord(file)).run()
    # Threads inside an engine must not delay the end.
    os._exit(0)


if __name__ == "__main__":
    main()
