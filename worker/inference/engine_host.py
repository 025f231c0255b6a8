"""The engines of an engine process: created on first use, loaded by the model cache, called by the batcher."""

from collections.abc import Callable
from concurrent.futures import Future
from functools import cached_property

from worker import engines
from worker.engines.protocol import Engine, Speech, Utterance
from worker.host.device import Device, find_device
from worker.host.engine_settings import EngineSettings
from worker.host.memory import collect_memory
from worker.inference.batcher import Batcher, EngineCall
from worker.inference.engine_messages import Failure, ModelState, State
from worker.inference.model_cache import ModelCache

UNLOAD_TIMEOUT_S = 30.0


class EngineHost:
    """`share`: this process may use one of so many equal shares of the memory for models.

    Libraries are imported on first use: a process without a model holds little memory.
    """

    def __init__(
        self,
        settings: EngineSettings,
        *,
        share: int,
        call_began: Callable[[EngineCall], None],
        call_ended: Callable[[], None],
        on_change: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._share = share
        self._call_began = call_began
        self._call_ended = call_ended
        self._on_change = on_change
        self._engines: dict[str, Engine] = {}

    def speak(self, weights: str, utterance: Utterance, *, lane: str) -> Future[Speech]:
        """Queue an utterance. The future fails with EngineError. Raises what creating the engine raises."""
        return self._batcher.submit(self._engine(weights), utterance, lane=lane)

    def load(self, weights: str) -> Future[Speech]:
        """Queue a load. The future completes, with empty speech, when the model is loaded."""
        return self._batcher.preload(self._engine(weights))

    def unload(self, weights: str) -> bool:
        """Returns False when the model is in use or pinned, or when other models load for too long."""
        engine = self._engines.get(weights)
        if engine is None:
            return True
        self._cache.unload([engine], wait_s=UNLOAD_TIMEOUT_S)
        return not self._cache.is_loaded(engine)

    def mark_outdated(self, weights: str) -> None:
        """The files of these weights have changed: the next call loads the new ones."""
        if engine := self._engines.get(weights):
            self._cache.mark_outdated(engine)
            self._cache.unload([engine])
            # The worker no longer needs to know why the old files could not be loaded.
            self._on_change()

    def unload_idle(self) -> None:
        """Unload models that nobody used for long."""
        if self._engines and self._settings.model_idle_s:
            self._cache.unload_idle(idle_s=self._settings.model_idle_s)

    @property
    def is_unloaded(self) -> bool:
        """True if models were loaded before and none is now."""
        return bool(self._engines) and self._cache.loads > 0 and not self._cache.holds_any

    @property
    def device_lost(self) -> bool:
        return bool(self._engines) and self._batcher.device_lost

    def state(self) -> State:
        if not self._engines:
            return State(models={}, loads=0, unloads=0, device=None)
        models = {key: self._model_state(engine) for key, engine in self._engines.items()}
        return State(models, self._cache.loads, self._cache.unloads, self._device.name)

    def _model_state(self, engine: Engine) -> ModelState:
        error = self._cache.load_error(engine)
        return ModelState(
            loaded=self._cache.is_loaded(engine),
            memory_bytes=self._cache.memory_bytes(engine),
            max_batch=engine.max_batch,
            failure=Failure.of(error) if error else None,
        )

    def _engine(self, weights: str) -> Engine:
        if weights not in self._engines:
            self._engines[weights] = engines.create(weights, self._settings)
        return self._engines[weights]

    @cached_property
    def _device(self) -> Device:
        return find_device(self._settings)

    @cached_property
    def _cache(self) -> ModelCache:
        return ModelCache(
            budget_bytes=self._device.model_budget_bytes(self._settings) // self._share,
            free_bytes=self._device.free_bytes,
            release_memory=self._release_memory,
            on_change=self._on_change,
        )

    @cached_property
    def _batcher(self) -> Batcher:
        return Batcher(
            self._cache,
            call_timeout_s=self._settings.engine_timeout_s,
            load_timeout_s=self._settings.model_load_timeout_s,
            call_began=self._call_began,
            call_ended=self._call_ended,
        )

    def _release_memory(self) -> None:
        collect_memory()
        self._device.release_memory()
