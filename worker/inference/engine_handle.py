"""The worker's side of one engine process: starts it, sends it requests, and reads its reports."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from common.logs import get_logger
from common.messaging.queue_names import BULK
from worker.engines.protocol import Speech, Utterance
from worker.host.engine_settings import EngineSettings, ReceivedSettings
from worker.inference.call_record import CallRecord, RunningCall
from worker.inference.engine_messages import (
    Command,
    Report,
    Speak,
    Spoken,
    Start,
    State,
    decode_report,
    encode,
)
from worker.inference.frames import receive_frame, send_frame

log = get_logger(__name__)

_PROJECT = Path(__file__).parents[2]
_NO_STATE = State(models={}, loads=0, unloads=0, device=None)


@dataclass(slots=True, eq=False)
class PendingSpeech:
    """An utterance on its way to an engine and back. `deaths`: engine processes that died while they spoke it."""

    id: int
    weights: str
    utterance: Utterance
    lane: str
    due_at: float
    deaths: int = 0
    is_urgent: bool = False
    future: Future[Speech] = field(default_factory=Future)

    @property
    def is_bulk(self) -> bool:
        return self.lane == BULK


class EngineHandle:
    """One engine process. Not thread-safe: the pool holds its lock. `receive` alone runs without it."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", connection: socket.socket, record: CallRecord
    ) -> None:
        self.state = _NO_STATE
        self.outstanding: dict[int, PendingSpeech] = {}
        self.commands: dict[int, Future[bool]] = {}
        # The weights that the process is to load, by the id of the command.
        self.loads: dict[int, str] = {}
        # Requests for which the process itself reported that its device is lost.
        self.lost_ids: set[int] = set()
        self.hung: RunningCall | None = None
        self._process = process
        self._connection = connection
        self._record = record
        self._last_call = 0
        self._is_open = True

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_ready(self) -> bool:
        """True once the process has reported, until it ends."""
        return self._is_open and self.has_reported

    @property
    def has_reported(self) -> bool:
        return self.state is not _NO_STATE

    def models_to_load_again(self) -> set[str]:
        """What an ended process had loaded, or was asked to load, except what it was loading when it ended."""
        running = self.running
        begun = running.request_ids if running else ()
        asked = {weights for number, weights in self.loads.items() if number not in begun}
        return asked | {weights for weights in self.state.models if self.has_loaded(weights)}

    @property
    def owes_answers(self) -> bool:
        return bool(self.outstanding or self.commands)

    @property
    def running(self) -> RunningCall | None:
        return self._record.read()

    def has_loaded(self, weights: str) -> bool:
        model = self.state.models.get(weights)
        return model is not None and model.loaded

    def max_batch(self, weights: str) -> int:
        """How many utterances share a call. 1 before the process has created the engine."""
        model = self.state.models.get(weights)
        return model.max_batch if model else 1

    def speak(self, request: PendingSpeech) -> None:
        self.outstanding[request.id] = request
        self.send(Speak(request.id, request.weights, request.utterance, request.lane))

    def send(self, command: Command) -> None:
        """Send a command. If the process is dead, `receive` returns soon and the pool learns of it."""
        try:
            send_frame(self._connection, encode(command))
        except OSError:
            self.kill()

    def receive(self, handle_report: Callable[[Report, Speech | None], None]) -> None:
        """Pass reports on until the process ends, or sends something that cannot be handled."""
        try:
            while frame := receive_frame(self._connection):
                report = decode_report(frame[0])
                handle_report(report, _speech(report, frame[1]))
        except OSError:  # it died
            pass
        except Exception:  # the thread must replace the process
            log.exception("a report could not be handled", pid=self.pid)

    def is_new_call(self, number: int) -> bool:
        """Whether this is the first result of an engine call."""
        is_new, self._last_call = number != self._last_call, number
        return is_new

    def kill_hung(self, call: RunningCall | None) -> None:
        """Kill a process that hangs in `call`, or between calls, or at its start."""
        log.error("engine hung", pid=self.pid, after_s=call.timeout_s if call else None)
        self.hung = call
        self.kill()

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)

    def end(self, *, timeout_s: float) -> int:
        """Close the connection, wait until the process has ended, and return its exit code."""
        self._is_open = False
        self._connection.close()
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def close_record(self) -> None:
        self._record.close()


def start_engine_process(settings: EngineSettings, *, share: int, device: str) -> EngineHandle:
    """Start a process. Call this on a thread that lives as long as the process, see `end_with_parent`."""
    ours, theirs = socket.socketpair()
    record = CallRecord.create()
    argv = [sys.executable, "-m", "worker.inference.engine_process"]
    fds = (theirs.fileno(), record.file.fileno())
    with theirs:
        process = subprocess.Popen(  # noqa: S603  # our own program
            [*argv, *map(str, fds), str(os.getpid())],
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": _python_path()},
        )
    sent = ReceivedSettings.of(settings, device=device)
    handle = EngineHandle(process, ours, record)
    handle.send(Start(sent.to_json(), share))
    return handle


def _speech(report: Report, payload: bytearray) -> Speech | None:
    if not isinstance(report, Spoken):
        return None
    if not payload:
        return Speech.nothing()
    return Speech(np.frombuffer(payload, dtype=np.float32), report.sample_rate_hz, report.words)


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(_PROJECT), os.environ.get("PYTHONPATH"))))
