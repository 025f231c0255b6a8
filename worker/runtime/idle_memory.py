"""Frees memory: unloads models that were idle for long, and returns freed memory to the system between jobs."""

from worker.host.memory import release_memory
from worker.inference.engine_registry import EngineRegistry
from worker.runtime.leases import Leases


class IdleMemory:
    """`idle_s`: unload a model that was not used for this long. 0 keeps models loaded."""

    def __init__(self, engines: EngineRegistry, leases: Leases, *, idle_s: float) -> None:
        self._engines = engines
        self._leases = leases
        self._idle_s = idle_s
        self._last_call_count = self._call_count_at_release = 0

    def unload_idle(self) -> None:
        if self._idle_s:
            self._engines.model_cache.unload_idle(idle_s=self._idle_s)

    def release_in_pause(self) -> None:
        """Return freed memory once after work has paused. The next call pays for it, so not during work."""
        call_count = sum(self._engines.call_counts().values())
        is_pause = call_count == self._last_call_count and not self._leases.all()
        self._last_call_count = call_count
        if is_pause and call_count != self._call_count_at_release:
            self._call_count_at_release = call_count
            release_memory()
