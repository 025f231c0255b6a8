"""Ctrl-C, SIGTERM and a closed terminal, as something to wait for."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Wish:
    """Set when somebody asked to stop; whoever asks again is in a hurry."""

    def __init__(self) -> None:
        self.stop = Event()
        self.on_hurry: Callable[[], None] = lambda: None

    def hear(self, _signal: int, _frame: FrameType | None) -> None:
        if self.stop.is_set():
            self.on_hurry()
        self.stop.set()


@contextmanager
def listening() -> Iterator[Wish]:
    """Main thread only. A closed terminal is no reason for a process that was started with nohup."""
    wish = Wish()
    asking = [one for one in _ASKING if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN]
    before = {one: signal.signal(one, wish.hear) for one in asking}
    try:
        yield wish
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
