"""Waits for a condition, so that tests need not sleep for a guessed time."""

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")


def wait_for(probe: Callable[[], T], *, timeout_s: float = 30.0, interval_s: float = 0.05) -> T:
    """Return the first true result of `probe`. Raises AssertionError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (result := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still false after {timeout_s} s: {probe}")
        Event().wait(interval_s)
    return result
