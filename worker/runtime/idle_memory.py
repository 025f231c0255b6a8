"""Gives memory back: unloads models that nobody used for long, and releases freed memory between jobs."""

from worker.host.memory import release_memory
from worker.inference.engine_registry import EngineRegistry
from worker.runtime.leases import Leases


class IdleMemory:
    """`idle_s`: unload a model that was not used for this long. 0 keeps models loaded."""

    def __init__(self, engines: EngineRegistry, leases: Leases, *, idle_s: float) -> None:
        self._engines = engines
        self._leases = leases
        self._idle_s = idle_s
        self._calls_seen = self._calls_at_release = 0

    def unload_idle(self) -> None:
        if self._idle_s:
            self._engines.model_cache.unload_idle(idle_s=self._idle_s)

    def release_in_pause(self) -> None:
        """Only after work, when no call came since the last look: memory given back costs the next call."""
        calls = sum(self._engines.calls().values())
        is_pause = calls == self._calls_seen and not self._leases.all()
        self._calls_seen = calls
        if is_pause and calls != self._calls_at_release:
            self._calls_at_release = calls
            release_memory()
