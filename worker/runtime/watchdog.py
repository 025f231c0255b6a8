"""Ends this process when an engine hangs or its device is lost. The supervisor starts another one."""

import faulthandler
import os
import sys
import time

from common.logs import get_logger
from worker.engines.protocol import EngineError
from worker.inference.batcher import EngineCall
from worker.inference.engine_registry import EngineRegistry
from worker.runtime.leases import Leases

log = get_logger(__name__)

# How long waiting tasks may take to write that their engine hung, before the process ends.
LAST_WRITES_S = 3.0
CHECK_EVERY_S = 0.5
HUNG_EXIT_CODE = 70


class Watchdog:
    def __init__(self, engines: EngineRegistry, leases: Leases, *, engine_timeout_s: float) -> None:
        self._engines = engines
        self._leases = leases
        self._engine_timeout_s = engine_timeout_s
        self._stopping = False

    def arm(self) -> None:
        """Have `faulthandler` end the process unless this is called again in time.

        It needs no interpreter lock, so it works when an engine holds the lock and stops every other thread.
        """
        faulthandler.dump_traceback_later(1.5 * self._engine_timeout_s, exit=True)

    def disarm(self) -> None:
        self._stopping = True
        faulthandler.cancel_dump_traceback_later()

    def check(self) -> None:
        """End the process when an engine hangs or its device is lost."""
        batchers = list(self._engines.batchers.values())
        overdue = [call for batcher in batchers for call in batcher.overdue_calls()]
        if overdue:
            self._fail_calls(overdue)
            self._end_process()
        elif any(batcher.is_lost for batcher in batchers):
            log.error("desk lost")
            self._end_process()

    def _fail_calls(self, overdue: list[EngineCall]) -> None:
        """Fail the calls, so that the waiting tasks write a time-out. A thread inside an engine cannot be stopped."""
        after_s = max(call.timeout_s for call in overdue)
        log.error("engine hung", calls=len(overdue), after_s=after_s)
        error = EngineError(
            "timeout",
            f"The engine did not answer within {after_s:.0f} s. Shorten the text or retry.",
            retryable=True,
        )
        for call in overdue:
            call.fail(error)

    def _end_process(self) -> None:
        """Hand back parts that are not at fault, then exit."""
        for _ in range(int(LAST_WRITES_S / CHECK_EVERY_S)):
            time.sleep(CHECK_EVERY_S)
            if self._stopping or not self._leases.all():
                break
        for held in self._leases.all():
            held.hand_back()
        sys.stderr.flush()
        os._exit(HUNG_EXIT_CODE)
