"""Turns Ctrl-C, SIGTERM and a closed terminal into a request to stop."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """`stop` is set by the first signal. Each further signal calls `on_repeat`."""

    def __init__(self) -> None:
        self.stop = Event()
        self.on_repeat: Callable[[], None] = lambda: None

    def handle(self, _signal: int, _frame: FrameType | None) -> None:
        if self.stop.is_set():
            self.on_repeat()
        self.stop.set()


@contextmanager
def catch_stop_signals() -> Iterator[StopRequest]:
    """Handle stop signals while the block runs. Main thread only.

    SIGHUP stays ignored if it was ignored before, as it is under nohup.
    """
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
