"""The models that are loaded: within a budget of memory, the least recently used goes first."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.logs import get_logger
from worker.engines.protocol import Engine, EngineError, OutOfMemory

log = get_logger(__name__)


@dataclass(slots=True)
class _CachedModel:
    """`users` are calls under way or about to begin."""

    memory_bytes: int
    used_at: float
    users: int = 1


class ModelCache:
    """Thread-safe. One engine is loaded or closed at a time; those that are loaded can be used meanwhile.

    `free_bytes` says what the device has left, other processes counted, or None where it does not say;
    `release_memory` is called after models went.
    """

    def __init__(
        self,
        *,
        budget_bytes: int,
        free_bytes: Callable[[], int | None] = lambda: None,
        release_memory: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.loads = self.unloads = 0
        # Grows with every load, unload and failure of one.
        self.changes = 0
        self._budget_bytes = budget_bytes
        self._free_bytes = free_bytes
        self._release_memory = release_memory
        self._clock = clock
        self._moving = threading.Lock()
        self._lock = threading.Lock()
        self._models: dict[Engine, _CachedModel] = {}
        self._broken: dict[Engine, EngineError] = {}
        self._outdated: set[Engine] = set()
        self._load_s: dict[Engine, float] = {}
        self._held_last: dict[Engine, int] = {}

    @contextmanager
    def use(self, engine: Engine) -> Iterator[None]:
        """The engine is loaded inside the block. Raises EngineError, of one that cannot be loaded at once."""
        self.acquire(engine)
        try:
            yield
        finally:
            self.release(engine)

    def acquire(self, engine: Engine) -> None:
        """Load it if it is not, and keep it loaded until it is put back. Raises EngineError."""
        if self._try_acquire(engine):
            return
        with self._moving:
            if self._try_acquire(engine):
                return
            if engine in self._broken:
                raise self._broken[engine].with_traceback(None)
            self._close(engine)
            self._load(engine)
            # It may have taken more than was expected of it.
            self._make_room(0)

    def release(self, engine: Engine) -> None:
        with self._lock:
            model = self._models[engine]
            model.users -= 1
            model.used_at = self._clock()

    def is_loaded(self, engine: Engine) -> bool:
        return engine in self._models

    def in_use(self, engine: Engine) -> bool:
        model = self._models.get(engine)
        return model is not None and model.users > 0

    def load_s(self, engine: Engine) -> float:
        """How long loading it took the last time; 0 when it never was."""
        return self._load_s.get(engine, 0.0)

    def memory_bytes(self, engine: Engine) -> int:
        model = self._models.get(engine)
        return model.memory_bytes if model else 0

    def trouble(self, engine: Engine) -> EngineError | None:
        """Why it cannot be loaded, since the last try."""
        return self._broken.get(engine)

    def renew(self, engine: Engine) -> None:
        """Its files have changed: the next use that begins while there is no other loads them."""
        self._broken.pop(engine, None)
        self._outdated.add(engine)

    def unload_idle(self, *, idle_s: float) -> None:
        """Close what nobody used for so long. Does nothing while something is being loaded."""
        latest = self._clock() - idle_s
        self._unload_if_free(lambda _, model: model.used_at <= latest)

    def unload(self, engines: Iterable[Engine], *, wait_s: float = 0.0) -> bool:
        """Close these, but those in use; false, and nothing done, when something was being loaded all the time."""
        wanted = set(engines)
        return self._unload_if_free(lambda engine, _: engine in wanted, wait_s=wait_s)

    def unload_others(self, engine: Engine) -> None:
        """Close all that can be, to make room for a call of this one."""
        with self._moving:
            self._close_all(lambda other, _: other is not engine)
        self._release_memory()

    def close(self, *, timeout_s: float) -> None:
        """Close everything that is not in use, at the end of the process."""
        if self._moving.acquire(timeout=timeout_s):
            try:
                for engine in [engine for engine, model in self._models.items() if not model.users]:
                    self._close(engine)
            finally:
                self._moving.release()

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
            self._make_room(self._held_last.get(engine) or engine.memory_bytes())
            try:
                engine.load()
            except OutOfMemory:
                engine.close()
                self._close_all(lambda *_: True)
                self._release_memory()
                engine.load()
            self._held_last[engine] = engine.memory_bytes()
        except BaseException as error:
            self._give_up(engine, error)
        self._load_s[engine] = self._clock() - began
        self.loads += 1
        self.changes += 1
        with self._lock:
            self._models[engine] = _CachedModel(self._held_last[engine], self._clock())
        log.info("loaded", engine=engine.alias, seconds=round(self._load_s[engine], 2))

    def _give_up(self, engine: Engine, error: BaseException) -> None:
        engine.close()
        refusal = error if isinstance(error, EngineError) else _broken(engine, error)
        if refusal.code == "model_broken" and engine not in self._outdated:
            self._broken[engine] = refusal
        self.changes += 1
        log.error("not loaded", engine=engine.alias, code=refusal.code, reason=refusal.message)
        raise refusal from None

    def _make_room(self, needed: int) -> None:
        while self._lacks(needed) and (victim := self._least_recently_used()):
            self._close(victim)

    def _lacks(self, needed: int) -> bool:
        # What always stays is no part of the budget.
        held = sum(model.memory_bytes for engine, model in self._models.items() if not engine.pinned)
        free = self._free_bytes()
        return held + needed > self._budget_bytes or (free is not None and needed > free)

    def _least_recently_used(self) -> Engine | None:
        free = [
            (model.used_at, index) for index, model in enumerate(self._models.values()) if not model.users
        ]
        engines = list(self._models)
        by_age = [engines[index] for _, index in sorted(free) if not engines[index].pinned]
        return by_age[0] if by_age else None

    def _unload_if_free(self, wanted: Callable[[Engine, _CachedModel], bool], *, wait_s: float = 0.0) -> bool:
        if not self._moving.acquire(timeout=wait_s):
            return False
        try:
            self._close_all(wanted)
        finally:
            self._moving.release()
        return True

    def _close_all(self, wanted: Callable[[Engine, _CachedModel], bool]) -> None:
        for engine, model in list(self._models.items()):
            if not engine.pinned and wanted(engine, model):
                self._close(engine)

    def _close(self, engine: Engine) -> None:
        with self._lock:
            model = self._models.get(engine)
            if model is None or model.users:
                return
            del self._models[engine]
        engine.close()
        self.unloads += 1
        self.changes += 1
        self._release_memory()
        log.info("unloaded", engine=engine.alias)


def _broken(engine: Engine, error: BaseException) -> EngineError:
    """Says where it was raised instead of what: messages of libraries hold paths."""
    return EngineError(
        "model_broken",
        f"The weights of {engine.alias} cannot be loaded ({type(error).__name__}{raised_in(error)}): download them "
        "again, or look into the worker's log.",
    )


def raised_in(error: BaseException) -> str:
    """` in file.py:12`, the innermost place."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
