"""The engines of this worker: the weights in its models folder, and a dispatcher for each set of weights."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from common.catalogue import find_weights
from common.logs import get_logger
from common.provider_names import INFERENCE, STUB
from common.settings import Settings
from common.worker_registry import FolderEntry, ServedWeights
from worker import engines
from worker.engines.protocol import EngineError
from worker.host.device import device_name, engine_devices
from worker.host.models_folder import WeightsPresence, scan
from worker.inference.dispatch import DirectDispatcher, Dispatcher, PoolDispatcher
from worker.inference.engine_messages import State
from worker.inference.engine_pool import START_TIMEOUT_S, EnginePool

log = get_logger(__name__)

UNLOAD_TIMEOUT_S = 35.0
# These need neither a model nor a core, so their calls run in the worker.
_DIRECT = (INFERENCE, STUB)
# The keys of weights that need no files. The fake engine has several, so that they can evict each other in tests.
_KEYS_WITHOUT_FILES: dict[str, tuple[str, ...]] = {
    STUB: (STUB,),
    INFERENCE: (INFERENCE,),
    "fake": ("fake", "fake_a", "fake_b", "fake_c"),
}


@dataclass(frozen=True, slots=True)
class _ScanResult:
    """The models folder, and the voices of everything that can be served. Both by the keys of weights."""

    folder: dict[str, WeightsPresence] = field(default_factory=dict)
    voices: dict[str, tuple[str, ...]] = field(default_factory=dict)


class EngineRegistry:
    """`aliases` are the engines, or single sets of weights, that this process may serve."""

    def __init__(self, aliases: Sequence[str], settings: Settings) -> None:
        # Counts loads, unloads and failed loads, and engine processes that ended.
        self.changes = 0
        self._aliases = aliases
        self._settings = settings
        self._dispatchers: dict[str, Dispatcher] = {}
        self._scan_result = _ScanResult()
        self._scan_lock = threading.Lock()
        self._dispatchers_lock = threading.Lock()
        self._pool = self._create_pool() if set(aliases) - set(_DIRECT) else None

    def load(self) -> None:
        """Scan the models folder, start the engine processes and load the pinned engines.

        Raises EngineError when there are pinned engines and none of them loads.
        """
        self.refresh()
        if self._pool is None:
            return
        self._pool.start()
        if not self._pool.wait_until_ready(START_TIMEOUT_S):
            raise EngineError(
                "engine_unavailable", "The engine processes did not start. The worker's log has the details."
            )
        errors = {key: _pinned_load_error(self._pool, key) for key in self._pinned_keys()}
        failed = [error for error in errors.values() if error is not None]
        if failed and len(failed) == len(self.served_keys):
            raise failed[0]

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
        self.dispatcher(key)
        if self._pool and key not in _DIRECT:
            self._pool.preload(key)

    def unload(self, key: str) -> bool:
        """Returns False when the model is in use or pinned, or when other models load for too long."""
        if self._pool is None or key in _DIRECT:
            return True
        return self._pool.unload(key, timeout_s=UNLOAD_TIMEOUT_S)

    def cancel_segments(self) -> None:
        """Cancel all segments that wait or are being spoken."""
        if self._pool:
            self._pool.cancel_all()

    @property
    def process_count(self) -> int:
        """How many engine processes work side by side. 1 for a worker without any."""
        return self._pool.process_count if self._pool else 1

    def engine_pids(self) -> list[int]:
        return self._pool.pids() if self._pool else []

    @property
    def device_name(self) -> str:
        """The device of the engines, for people."""
        return next((state.device for state in self._states() if state.device), device_name(self._settings))

    @property
    def loads(self) -> int:
        return sum(state.loads for state in self._states())

    @property
    def unloads(self) -> int:
        return sum(state.unloads for state in self._states())

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
        if self._pool:
            self._pool.close(timeout_s)

    def _mark_outdated(self, key: str) -> None:
        """The files of these weights have changed: the next call loads the new ones."""
        if self._pool:
            self._pool.mark_outdated(key)

    def _servable_keys(self, folder: dict[str, WeightsPresence]) -> Iterator[str]:
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

    def _pinned_keys(self) -> list[str]:
        return [key for key in self.served_keys if key not in _DIRECT and self._dispatcher(key).engine.pinned]

    def _create_pool(self) -> EnginePool:
        devices = engine_devices(self._settings)
        return EnginePool(self._settings, devices, pinned=self._pinned_keys, on_change=self._count_change)

    def _dispatcher(self, key: str) -> Dispatcher:
        with self._dispatchers_lock:
            if key not in self._dispatchers:
                self._dispatchers[key] = self._create_dispatcher(key)
            return self._dispatchers[key]

    def _create_dispatcher(self, key: str) -> Dispatcher:
        engine = engines.create(key, self._settings)
        if self._pool is None or key in _DIRECT:
            return DirectDispatcher(engine)
        return PoolDispatcher(self._pool, key, engine)

    def _describe(self, key: str, voices: tuple[str, ...]) -> ServedWeights:
        models = [state.models[key] for state in self._states() if key in state.models]
        failure = next((model.failure for model in models if model.failure), None)
        return ServedWeights(
            model=_alias(key),
            weights=key,
            voices=() if failure else voices,
            loaded=key in _DIRECT or any(model.loaded for model in models),
            pinned=self._dispatcher(key).engine.pinned,
            in_use=self._pool is not None and self._pool.in_use(key),
            memory_bytes=sum(model.memory_bytes for model in models),
            trouble=failure.message if failure else None,
        )

    def _states(self) -> list[State]:
        return self._pool.states() if self._pool else []

    def _count_change(self) -> None:
        self.changes += 1


def _is_ready(key: str, found: WeightsPresence, *, name: str) -> bool:
    return found.state == "complete" and name in (key, _alias(key))


def _alias(key: str) -> str:
    return key if key in (STUB, INFERENCE) else find_weights(key).model


def _pinned_load_error(pool: EnginePool, key: str) -> EngineError | None:
    """Wait until all processes have loaded a model, or until one cannot."""
    try:
        for loaded in pool.preload(key):
            loaded.result()
    except EngineError as error:
        return error
    return None
