"""Waiting for a condition instead of sleeping for a guess."""

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")


def wait_for(probe: Callable[[], T], *, timeout_s: float = 30.0, interval_s: float = 0.05) -> T:
    """The first true answer of `probe`; raises AssertionError when `timeout_s` passed without one."""
    deadline = time.monotonic() + timeout_s
    while not (answer := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still false after {timeout_s} s: {probe}")
        Event().wait(interval_s)
    return answer
