"""Ctrl-C, SIGTERM and a closed terminal, as something to wait for."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """Set when somebody asked to stop; whoever asks again is in a hurry."""

    def __init__(self) -> None:
        self.stop = Event()
        self.on_repeat: Callable[[], None] = lambda: None

    def handle(self, _signal: int, _frame: FrameType | None) -> None:
        if self.stop.is_set():
            self.on_repeat()
        self.stop.set()


@contextmanager
def catch_stop_signals() -> Iterator[StopRequest]:
    """Main thread only. A closed terminal is no reason for a process that was started with nohup."""
    stop_request = StopRequest()
    handled = [
        one for one in _STOP_SIGNALS if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN
    ]
    previous = {one: signal.signal(one, stop_request.handle) for one in handled}
    try:
        yield stop_request
    finally:
        for one, handler in previous.items():
            signal.signal(one, handler)
