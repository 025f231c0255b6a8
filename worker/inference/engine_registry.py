"""The engines of this process: the weights in its models folder, and a dispatcher for each set of weights."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from common.catalogue import find_weights
from common.logs import get_logger
from common.providers import INFERENCE, STUB
from common.settings import Settings
from common.worker_registry import FolderEntry, ServedWeights
from worker import engines
from worker.engines.protocol import EngineError
from worker.host.device import find_device
from worker.host.memory import collect_memory
from worker.host.models_folder import Presence, scan
from worker.inference.batcher import Batcher
from worker.inference.dispatch import BatchedDispatcher, DirectDispatcher, Dispatcher
from worker.inference.model_cache import ModelCache

log = get_logger(__name__)

# torch has one random generator for all threads, and a device holds one copy of a model.
ONE_THREAD_EXECUTORS = frozenset({"torch"})
UNLOAD_TIMEOUT_S = 30.0
# The keys of weights that need no files. The fake engine has several, so that they can evict each other in tests.
_KEYS_WITHOUT_FILES: dict[str, tuple[str, ...]] = {
    STUB: (STUB,),
    INFERENCE: (INFERENCE,),
    "fake": ("fake", "fake_a", "fake_b", "fake_c"),
}


@dataclass(frozen=True, slots=True)
class _ScanResult:
    """The models folder, and the voices of everything that can be served. Both by the keys of weights."""

    folder: dict[str, Presence] = field(default_factory=dict)
    voices: dict[str, tuple[str, ...]] = field(default_factory=dict)


class EngineRegistry:
    """`aliases` are the engines, or single sets of weights, that this process may serve."""

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
        self._scan_result = _ScanResult()
        self._scan_lock = threading.Lock()
        self._dispatchers_lock = threading.Lock()

    def load(self) -> None:
        """Scan the models folder and load the pinned engines. Raises EngineError when none of the served ones loads."""
        self.refresh()
        errors = [error for key in self.served_keys if (error := self._load_pinned(key)) is not None]
        if errors and len(errors) == len(self.served_keys):
            raise errors[0]

    def refresh(self) -> bool:
        """Scan the models folder again. Returns whether anything changed. Thread-safe."""
        with self._scan_lock:
            before, folder = self._scan_result, scan(self._settings.models_dir)
            for key in before.folder.keys() | folder.keys():
                if before.folder.get(key) != folder.get(key):
                    self._mark_outdated(key)
            voices = {key: self._find_voices(key) for key in self._servable_keys(folder)}
            self._scan_result = _ScanResult(
                folder, {key: names for key, names in voices.items() if names is not None}
            )
            return self._scan_result != before

    @property
    def has_engines(self) -> bool:
        """True if this process may serve engines, even if their weights are missing now."""
        return bool(self._aliases)

    @property
    def served_keys(self) -> tuple[str, ...]:
        """The keys of the weights whose jobs this process takes."""
        return tuple(self._scan_result.voices)

    def served_keys_of(self, names: Sequence[str]) -> tuple[str, ...]:
        """The served keys that `names` mention, as weights or as a model."""
        return tuple(key for key in self.served_keys if {key, _alias(key)} & set(names))

    def dispatcher(self, key: str) -> Dispatcher:
        """Raises EngineError for weights that this process does not serve."""
        if key not in self._scan_result.voices:
            message = f"This worker no longer has the model {key!r}. Download it again."
            raise EngineError("engine_unavailable", message, retryable=True)
        return self._dispatcher(key)

    def preload(self, key: str) -> None:
        """Start loading a model, after waiting segments, and return at once. Raises EngineError like `dispatcher`."""
        dispatcher = self.dispatcher(key)
        if isinstance(dispatcher, BatchedDispatcher):
            dispatcher.preload()

    def unload(self, key: str) -> bool:
        """Returns False when the model is in use or pinned, or when other models load for too long."""
        dispatcher = self._dispatchers.get(key)
        if not isinstance(dispatcher, BatchedDispatcher):
            return True
        self.model_cache.unload(dispatcher.instances, wait_s=UNLOAD_TIMEOUT_S)
        return not any(map(self.model_cache.is_loaded, dispatcher.instances))

    def describe_engines(self) -> tuple[ServedWeights, ...]:
        """The served weights, as the worker announces them."""
        return tuple(self._describe(key, names) for key, names in self._scan_result.voices.items())

    def describe_folder(self) -> tuple[FolderEntry, ...]:
        """The models folder, as the worker announces it."""
        return tuple(
            FolderEntry(weights=key, state=found.state, revision=found.revision, size_bytes=found.size_bytes)
            for key, found in self._scan_result.folder.items()
        )

    def call_counts(self) -> dict[str, int]:
        """Engine calls so far, by the engine's alias."""
        counts: dict[str, int] = defaultdict(int)
        for key, dispatcher in list(self._dispatchers.items()):
            counts[_alias(key)] += dispatcher.call_count
        return dict(counts)

    def close(self, *, timeout_s: float) -> None:
        for batcher in self.batchers.values():
            batcher.close(timeout_s)
        self.model_cache.close(timeout_s=timeout_s)

    def _mark_outdated(self, key: str) -> None:
        """The files of these weights have changed: unload them, so that the next call loads the new ones."""
        dispatcher = self._dispatchers.get(key)
        if isinstance(dispatcher, BatchedDispatcher):
            for engine in dispatcher.instances:
                self.model_cache.mark_outdated(engine)
            self.model_cache.unload(dispatcher.instances)

    def _servable_keys(self, folder: dict[str, Presence]) -> Iterator[str]:
        for alias in self._aliases:
            if alias in _KEYS_WITHOUT_FILES:
                yield from _KEYS_WITHOUT_FILES[alias]
            else:
                yield from (key for key, found in folder.items() if _is_ready(key, found, name=alias))

    def _find_voices(self, key: str) -> tuple[str, ...] | None:
        """None for weights that cannot be served: a broken file must not disable the other models."""
        try:
            return self._dispatcher(key).engine.voices()
        except Exception:
            log.exception("cannot be served", weights=key)
            return None

    def _load_pinned(self, key: str) -> EngineError | None:
        try:
            dispatcher = self._dispatcher(key)
            if isinstance(dispatcher, BatchedDispatcher) and dispatcher.engine.pinned:
                dispatcher.preload().result()
        except EngineError as error:
            return error
        return None

    def _dispatcher(self, key: str) -> Dispatcher:
        with self._dispatchers_lock:
            if key not in self._dispatchers:
                self._dispatchers[key] = self._create_dispatcher(key)
            return self._dispatchers[key]

    def _create_dispatcher(self, key: str) -> Dispatcher:
        first = engines.create(key, self._settings)
        if key == INFERENCE:
            return DirectDispatcher(first)
        batcher = self._batcher_for(first.executor)
        others = (engines.create(key, self._settings) for _ in range(1, batcher.thread_count))
        return BatchedDispatcher(batcher, [first, *others])

    def _batcher_for(self, executor: str) -> Batcher:
        if executor not in self.batchers:
            self.batchers[executor] = Batcher(
                self.model_cache,
                thread_count=1 if executor in ONE_THREAD_EXECUTORS else self._settings.worker_instances,
                name=executor,
                call_timeout_s=self._settings.engine_timeout_s,
                load_timeout_s=self._settings.model_load_timeout_s,
            )
        return self.batchers[executor]

    def _describe(self, key: str, voices: tuple[str, ...]) -> ServedWeights:
        dispatcher = self._dispatcher(key)
        engine = dispatcher.engine
        error = self.model_cache.load_error(engine)
        return ServedWeights(
            model=_alias(key),
            weights=key,
            voices=() if error else voices,
            loaded=not isinstance(dispatcher, BatchedDispatcher) or self.model_cache.is_loaded(engine),
            pinned=engine.pinned,
            in_use=self.model_cache.in_use(engine),
            memory_bytes=self.model_cache.memory_bytes(engine),
            trouble=error.message if error else None,
        )

    def _release_memory(self) -> None:
        collect_memory()
        self.device.release_memory()


def _is_ready(key: str, found: Presence, *, name: str) -> bool:
    return found.state == "complete" and name in (key, _alias(key))


def _alias(key: str) -> str:
    return key if key in (STUB, INFERENCE) else find_weights(key).model
