"""A coverage.py plugin for `make coverage`: processes save their data periodically, because tests kill many of them."""

import atexit
import threading

from coverage import Coverage
from coverage.plugin import TConfigurable
from coverage.plugin_support import Plugins

_EVERY_S = 4.0


def coverage_init(registry: Plugins, options: TConfigurable) -> None:
    """coverage.py calls this when it starts in a process."""
    exiting = threading.Event()
    saver = threading.Thread(target=_save_periodically, args=(exiting,), name="coverage", daemon=True)
    saver.start()

    # A traced thread that still runs while the interpreter exits would crash the process.
    @atexit.register
    def end() -> None:
        exiting.set()
        saver.join()


def _save_periodically(exiting: threading.Event) -> None:
    while not exiting.wait(_EVERY_S):
        if coverage := Coverage.current():
            coverage.save()
