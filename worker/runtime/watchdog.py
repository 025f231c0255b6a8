"""Ends this process when its own code hangs. The supervisor starts another one."""

import faulthandler

# Longer than a machine is usually suspended, and than any of our own waits. A worker runs no engine.
HANG_TIMEOUT_S = 300.0


class Watchdog:
    """`timeout_s`: a process that does not call `arm` for this long hangs."""

    def __init__(self, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def arm(self) -> None:
        """Have `faulthandler` end the process unless this is called again in time.

        It needs no interpreter lock, so it works when a library holds the lock and stops every other thread.
        """
        faulthandler.dump_traceback_later(self._timeout_s, exit=True)

    def disarm(self) -> None:
        faulthandler.cancel_dump_traceback_later()
