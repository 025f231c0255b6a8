"""What this process can speak: its engines, the weights in its folder, and how a segment gets to one."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.catalogue import find_weights
from common.providers import INFERENCE, STUB
from common.settings import Settings
from common.telemetry import get_logger
from worker import engines
from worker.engines.protocol import EngineError
from worker.host.device import find_device
from worker.host.memory import collect_memory
from worker.host.models_folder import Presence, scan
from worker.inference.batcher import Batcher
from worker.inference.dispatch import BatchedDispatcher, DirectDispatcher, Dispatcher
from worker.inference.model_cache import ModelCache

log = get_logger(__name__)

# Where torch computes there is one generator of random numbers, and a device holds one copy of a model.
ONE_THREAD_EXECUTORS = frozenset({"torch"})
UNLOAD_WITHIN_S = 30.0
# What needs nothing in the folder. Of the engine that tests drive several, so that they can take each other's room.
_WITHOUT_WEIGHTS: dict[str, tuple[str, ...]] = {
    STUB: (STUB,),
    INFERENCE: (INFERENCE,),
    "fake": ("fake", "fake_a", "fake_b", "fake_c"),
}


@dataclass(frozen=True, slots=True)
class _Found:
    """At one look: what lies in the folder, and the voices of all that can be served, by the keys of weights."""

    folder: dict[str, Presence] = field(default_factory=dict)
    voices: dict[str, tuple[str, ...]] = field(default_factory=dict)


class EngineRegistry:
    """One dispatcher per set of weights; `aliases` are the engines that it may use, or single sets of weights."""

    def __init__(self, aliases: Sequence[str], settings: Settings) -> None:
        self.device = find_device(settings)
        self.model_cache = ModelCache(
            budget_bytes=self.device.model_budget_bytes(settings),
            free_bytes=self.device.free_bytes,
            release_memory=self._release_memory,
        )
        self.batchers: dict[str, Batcher] = {}
        self._aliases = aliases
        self._settings = settings
        self._dispatchers: dict[str, Dispatcher] = {}
        self._found = _Found()
        self._looking = threading.Lock()
        self._opening = threading.Lock()

    def load(self) -> None:
        """Find what is there and load what always is. Raises when nothing of that could be loaded."""
        self.refresh()
        errors = [error for key in self.served if (error := self._load_pinned(key)) is not None]
        if errors and len(errors) == len(self.served):
            raise errors[0]

    def refresh(self) -> bool:
        """Look into the folder again; whether anything is another than before. Thread-safe; nothing else looks."""
        with self._looking:
            before, folder = self._found, scan(self._settings.models_dir)
            for key in before.folder.keys() | folder.keys():
                if before.folder.get(key) != folder.get(key):
                    self._renew(key)
            voices = {key: self._voices_of(key) for key in self._keys(folder)}
            self._found = _Found(folder, {key: names for key, names in voices.items() if names is not None})
            return self._found != before

    @property
    def speaks(self) -> bool:
        """It has engines, whether or not there are weights for them now."""
        return bool(self._aliases)

    @property
    def served(self) -> tuple[str, ...]:
        """The weights whose jobs this process takes."""
        return tuple(self._found.voices)

    def folder(self) -> tuple[dict[str, Any], ...]:
        """What lies in the models folder, as the announcement tells it."""
        return tuple(
            {"weights": key, "state": one.state, "revision": one.revision, "size_bytes": one.size_bytes}
            for key, one in self._found.folder.items()
        )

    def chosen(self, names: Sequence[str]) -> tuple[str, ...]:
        """The weights among the served ones that are named, by themselves or by their family."""
        return tuple(key for key in self.served if {key, _alias(key)} & set(names))

    def dispatcher(self, key: str) -> Dispatcher:
        """Raises EngineError for weights that this process does not have."""
        if key not in self._found.voices:
            raise EngineError("engine_unavailable", f"This worker has no model {key!r}.", retryable=True)
        return self._dispatcher(key)

    def warm(self, key: str) -> None:
        """Have it loaded, after those who wait to be heard. Raises EngineError for what is not here."""
        dispatcher = self.dispatcher(key)
        if isinstance(dispatcher, BatchedDispatcher):
            dispatcher.warm()

    def unload(self, key: str) -> bool:
        """False when it is in use or always stays, or when other models are being loaded for long."""
        dispatcher = self._dispatchers.get(key)
        if not isinstance(dispatcher, BatchedDispatcher):
            return True
        self.model_cache.unload(dispatcher.copies, wait_s=UNLOAD_WITHIN_S)
        return not any(map(self.model_cache.is_loaded, dispatcher.copies))

    def described(self) -> tuple[dict[str, Any], ...]:
        """As the announcement tells it."""
        return tuple(self._described(key, names) for key, names in self._found.voices.items())

    def calls(self) -> dict[str, int]:
        """Per engine alias."""
        counted: dict[str, int] = defaultdict(int)
        for key, dispatcher in list(self._dispatchers.items()):
            counted[_alias(key)] += dispatcher.calls
        return dict(counted)

    def close(self, *, timeout_s: float) -> None:
        for batcher in self.batchers.values():
            batcher.close(timeout_s)
        self.model_cache.close(timeout_s=timeout_s)

    def _renew(self, key: str) -> None:
        """Its files have changed: the next call loads them."""
        dispatcher = self._dispatchers.get(key)
        if isinstance(dispatcher, BatchedDispatcher):
            for engine in dispatcher.copies:
                self.model_cache.renew(engine)
            self.model_cache.unload(dispatcher.copies)

    def _keys(self, folder: dict[str, Presence]) -> Iterator[str]:
        for alias in self._aliases:
            if alias in _WITHOUT_WEIGHTS:
                yield from _WITHOUT_WEIGHTS[alias]
            else:
                yield from (key for key, found in folder.items() if _is_ready(key, found, name=alias))

    def _voices_of(self, key: str) -> tuple[str, ...] | None:
        """None where it cannot be served: one odd file must not cost the other models."""
        try:
            return self._dispatcher(key).engine.voices()
        except Exception:
            log.exception("cannot be served", weights=key)
            return None

    def _load_pinned(self, key: str) -> EngineError | None:
        try:
            dispatcher = self._dispatcher(key)
            if isinstance(dispatcher, BatchedDispatcher) and dispatcher.engine.pinned:
                dispatcher.warm().result()
        except EngineError as error:
            return error
        return None

    def _dispatcher(self, key: str) -> Dispatcher:
        with self._opening:
            if key not in self._dispatchers:
                self._dispatchers[key] = self._open(key)
            return self._dispatchers[key]

    def _open(self, key: str) -> Dispatcher:
        first = engines.create(key, self._settings)
        if key == INFERENCE:
            return DirectDispatcher(first)
        batcher = self._executor_for(first.executor)
        return BatchedDispatcher(
            batcher, [first, *(engines.create(key, self._settings) for _ in range(1, batcher.threads))]
        )

    def _executor_for(self, name: str) -> Batcher:
        if name not in self.batchers:
            self.batchers[name] = Batcher(
                self.model_cache,
                threads=1 if name in ONE_THREAD_EXECUTORS else self._settings.worker_instances,
                name=name,
                deadline_s=self._settings.engine_timeout_s,
                load_within_s=self._settings.model_load_timeout_s,
            )
        return self.batchers[name]

    def _described(self, key: str, voices: tuple[str, ...]) -> dict[str, Any]:
        dispatcher = self._dispatcher(key)
        trouble = self.model_cache.trouble(dispatcher.engine)
        loaded = not isinstance(dispatcher, BatchedDispatcher) or self.model_cache.is_loaded(
            dispatcher.engine
        )
        return {
            "alias": _alias(key),
            "weights": key,
            "voices": [] if trouble else list(voices),
            "loaded": loaded,
            "pinned": dispatcher.engine.pinned,
            "in_use": self.model_cache.in_use(dispatcher.engine),
            "memory_bytes": self.model_cache.memory_bytes(dispatcher.engine),
            "trouble": trouble.message if trouble else None,
        }

    def _release_memory(self) -> None:
        collect_memory()
        self.device.release_memory()


def _is_ready(key: str, found: Presence, *, name: str) -> bool:
    return found.state == "complete" and name in (key, _alias(key))


def _alias(key: str) -> str:
    return key if key in (STUB, INFERENCE) else find_weights(key).model
