"""For `make coverage`: every process saves what it saw as it goes, for tests kill many of them."""

import atexit
import threading

from coverage import Coverage
from coverage.plugin import TConfigurable
from coverage.plugin_support import Plugins

_EVERY_S = 4.0


def coverage_init(registry: Plugins, options: TConfigurable) -> None:
    """Called by coverage.py where it begins in a process."""
    ending = threading.Event()
    saver = threading.Thread(target=_save_again_and_again, args=(ending,), name="covering", daemon=True)
    saver.start()

    # A thread that is traced while the interpreter goes away takes the process along.
    @atexit.register
    def end() -> None:
        ending.set()
        saver.join()


def _save_again_and_again(ending: threading.Event) -> None:
    while not ending.wait(_EVERY_S):
        if measured := Coverage.current():
            measured.save()
