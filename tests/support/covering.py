"""For `make coverage`: every process saves what it saw as it goes, for tests kill many of them."""

import threading

from coverage import Coverage
from coverage.plugin import TConfigurable
from coverage.plugin_support import Plugins

_EVERY_S = 4.0


def coverage_init(registry: Plugins, options: TConfigurable) -> None:
    """Called by coverage.py where it begins in a process."""
    threading.Thread(target=_save_again_and_again, name="covering", daemon=True).start()


def _save_again_and_again() -> None:
    never = threading.Event()
    while not never.wait(_EVERY_S):
        if measured := Coverage.current():
            measured.save()
