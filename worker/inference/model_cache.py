"""Keeps models loaded within a memory budget. Evicts the least recently used."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from common.logs import get_logger
from worker.engines.protocol import Engine, EngineError, OutOfMemory

log = get_logger(__name__)


@dataclass(slots=True)
class _CachedModel:
    """`users` counts calls that run or are about to."""

    memory_bytes: int
    used_at: float
    users: int = 1


class ModelCache:
    """Thread-safe. Only one engine is loaded or closed at a time, but loaded engines can be used meanwhile.

    `free_bytes` returns the free memory of the device, which other processes also use, or None if unknown.
    `release_memory` is called after models were unloaded, `on_change` after each load, unload and failed load.
    """

    def __init__(
        self,
        *,
        budget_bytes: int,
        free_bytes: Callable[[], int | None] = lambda: None,
        release_memory: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.loads = self.unloads = 0
        self._on_change = on_change
        self._budget_bytes = budget_bytes
        self._free_bytes = free_bytes
        self._release_memory = release_memory
        self._clock = clock
        self._load_lock = threading.Lock()
        self._lock = threading.Lock()
        self._models: dict[Engine, _CachedModel] = {}
        self._load_errors: dict[Engine, EngineError] = {}
        self._outdated: set[Engine] = set()
        self._last_load_s: dict[Engine, float] = {}
        self._last_memory_bytes: dict[Engine, int] = {}

    @contextmanager
    def use(self, engine: Engine) -> Iterator[None]:
        """The engine is loaded inside the block. Raises EngineError if it cannot be loaded."""
        self.acquire(engine)
        try:
            yield
        finally:
            self.release(engine)

    def acquire(self, engine: Engine) -> None:
        """Load the engine if needed, and keep it loaded until `release`. Raises EngineError.

        An engine whose weights are broken fails at once until `mark_outdated`.
        """
        if self._try_acquire(engine):
            return
        with self._load_lock:
            if self._try_acquire(engine):
                return
            if engine in self._load_errors:
                raise self._load_errors[engine].with_traceback(None)
            self._close(engine)
            self._load(engine)
            # It may hold more memory than it had estimated.
            self._evict_for(0)

    def release(self, engine: Engine) -> None:
        with self._lock:
            model = self._models[engine]
            model.users -= 1
            model.used_at = self._clock()

    def is_loaded(self, engine: Engine) -> bool:
        return engine in self._models

    @property
    def holds_any(self) -> bool:
        return bool(self._models)

    def in_use(self, engine: Engine) -> bool:
        model = self._models.get(engine)
        return model is not None and model.users > 0

    def last_load_s(self, engine: Engine) -> float:
        """How long the last load took. 0 if there was none."""
        return self._last_load_s.get(engine, 0.0)

    def memory_bytes(self, engine: Engine) -> int:
        model = self._models.get(engine)
        return model.memory_bytes if model else 0

    def load_error(self, engine: Engine) -> EngineError | None:
        """Why the weights cannot be loaded. None if they can, or if nobody tried."""
        return self._load_errors.get(engine)

    def mark_outdated(self, engine: Engine) -> None:
        """Reload the engine before its next use, because its files have changed. Uses in progress may end first."""
        self._load_errors.pop(engine, None)
        self._outdated.add(engine)

    def unload_idle(self, *, idle_s: float) -> None:
        """Unload models that were not used for `idle_s`. Does nothing while a model is being loaded."""
        latest = self._clock() - idle_s
        self._unload_unless_loading(lambda _, model: model.used_at <= latest)

    def unload(self, engines: Iterable[Engine], *, wait_s: float = 0.0) -> bool:
        """Unload these engines except those in use.

        Returns False, without unloading, when another model was being loaded for all of `wait_s`.
        """
        chosen = set(engines)
        return self._unload_unless_loading(lambda engine, _: engine in chosen, wait_s=wait_s)

    def unload_others(self, engine: Engine) -> None:
        """Unload every other model that is not in use, so that a call of this engine has more memory."""
        with self._load_lock:
            self._close_matching(lambda other, _: other is not engine)
        self._release_memory()

    def close(self, *, timeout_s: float) -> None:
        """Unload every model that is not in use, pinned ones included, at the end of the process."""
        if self._load_lock.acquire(timeout=timeout_s):
            try:
                for engine in [engine for engine, model in self._models.items() if not model.users]:
                    self._close(engine)
            finally:
                self._load_lock.release()

    def _try_acquire(self, engine: Engine) -> bool:
        with self._lock:
            model = self._models.get(engine)
            if model is None or (engine in self._outdated and not model.users):
                return False
            model.users += 1
            return True

    def _load(self, engine: Engine) -> None:
        began = self._clock()
        self._outdated.discard(engine)
        try:
            self._evict_for(self._last_memory_bytes.get(engine) or engine.memory_bytes())
            try:
                engine.load()
            except OutOfMemory:
                engine.close()
                self._close_matching(lambda *_: True)
                self._release_memory()
                engine.load()
            self._last_memory_bytes[engine] = engine.memory_bytes()
        except BaseException as error:
            self._report_failure(engine, error)
        self._last_load_s[engine] = self._clock() - began
        self.loads += 1
        with self._lock:
            self._models[engine] = _CachedModel(self._last_memory_bytes[engine], self._clock())
        self._on_change()
        log.info("loaded", engine=engine.alias, seconds=round(self._last_load_s[engine], 2))

    def _report_failure(self, engine: Engine, error: BaseException) -> NoReturn:
        engine.close()
        failure = error if isinstance(error, EngineError) else _broken_model_error(engine, error)
        # Files that changed during the load deserve another try.
        if failure.code == "model_broken" and engine not in self._outdated:
            self._load_errors[engine] = failure
        self._on_change()
        log.error("not loaded", engine=engine.alias, code=failure.code, reason=failure.message)
        raise failure from None

    def _evict_for(self, needed_bytes: int) -> None:
        """Unload the least recently used models until `needed_bytes` fit, or until only models in use are left."""
        while self._exceeds_memory(needed_bytes) and (victim := self._least_recently_used()):
            self._close(victim)

    def _exceeds_memory(self, needed_bytes: int) -> bool:
        # Pinned models do not count against the budget.
        held = sum(model.memory_bytes for engine, model in self._models.items() if not engine.pinned)
        free = self._free_bytes()
        return held + needed_bytes > self._budget_bytes or (free is not None and needed_bytes > free)

    def _least_recently_used(self) -> Engine | None:
        idle = {
            engine: model.used_at
            for engine, model in self._models.items()
            if not model.users and not engine.pinned
        }
        return min(idle, key=idle.__getitem__) if idle else None

    def _unload_unless_loading(
        self, matches: Callable[[Engine, _CachedModel], bool], *, wait_s: float = 0.0
    ) -> bool:
        if not self._load_lock.acquire(timeout=wait_s):
            return False
        try:
            self._close_matching(matches)
        finally:
            self._load_lock.release()
        return True

    def _close_matching(self, matches: Callable[[Engine, _CachedModel], bool]) -> None:
        for engine, model in list(self._models.items()):
            if not engine.pinned and matches(engine, model):
                self._close(engine)

    def _close(self, engine: Engine) -> None:
        with self._lock:
            model = self._models.get(engine)
            if model is None or model.users:
                return
            del self._models[engine]
        engine.close()
        self.unloads += 1
        self._release_memory()
        self._on_change()
        log.info("unloaded", engine=engine.alias)


def _broken_model_error(engine: Engine, error: BaseException) -> EngineError:
    """Names where the error was raised. The messages of libraries are left out, because they may hold paths."""
    return EngineError(
        "model_broken",
        f"The weights of {engine.alias} cannot be loaded ({type(error).__name__}{error_location(error)}). Download "
        "them again, or look into the worker's log.",
    )


def error_location(error: BaseException) -> str:
    """` in file.py:12`, the innermost frame of the traceback. Empty without a traceback."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
