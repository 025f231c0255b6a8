"""Returns freed memory to the system between jobs. Engine processes do the same for themselves."""

from worker.host.memory import release_memory
from worker.inference.engine_registry import EngineRegistry
from worker.runtime.leases import Leases


class IdleMemory:
    def __init__(self, engines: EngineRegistry, leases: Leases) -> None:
        self._engines = engines
        self._leases = leases
        self._last_call_count = self._call_count_at_release = 0

    def release_in_pause(self) -> None:
        """Return freed memory once after work has paused. The next call pays for it, so not during work."""
        call_count = sum(self._engines.call_counts().values())
        is_pause = call_count == self._last_call_count and not self._leases.all()
        self._last_call_count = call_count
        if is_pause and call_count != self._call_count_at_release:
            self._call_count_at_release = call_count
            release_memory()
