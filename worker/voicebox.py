"""The engines that this process has loaded, and how a segment gets to one."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from common.providers import INFERENCE
from common.settings import Settings
from common.telemetry import get_logger
from worker import engines
from worker.batcher import Batcher
from worker.engines.protocol import Engine, EngineError, Speech, Utterance

log = get_logger(__name__)


class Speaker(Protocol):
    """`window`: how many segments of one job may be under way at once; `calls`: engine calls so far."""

    @property
    def window(self) -> int: ...

    @property
    def calls(self) -> int: ...

    @property
    def engine(self) -> Engine: ...

    def submit(self, utterance: Utterance, *, first: bool) -> Future[Speech]: ...


class Voicebox:
    """One speaker per engine alias. `load` raises when nothing at all could be loaded."""

    def __init__(self, aliases: Sequence[str], settings: Settings) -> None:
        self._aliases = aliases
        self._settings = settings
        self._speakers: dict[str, Speaker] = {}
        self.batchers: list[Batcher] = []

    def load(self) -> None:
        errors: list[Exception] = []
        for alias in self._aliases:
            try:
                self._speakers[alias] = self._open(alias)
            except Exception as error:
                log.exception("engine not loaded", engine=alias)
                errors.append(error)
        if errors and not self._speakers:
            raise errors[0]

    def speaker(self, alias: str) -> Speaker:
        """Raises EngineError for an engine that this process does not have."""
        try:
            return self._speakers[alias]
        except KeyError:
            raise EngineError(
                "engine_unavailable", f"This worker has no engine {alias!r}.", retryable=True
            ) from None

    def described(self) -> tuple[dict[str, Any], ...]:
        """As the announcement tells it."""
        return tuple(
            {"alias": alias, "voices": list(speaker.engine.voices()), "loaded": True}
            for alias, speaker in self._speakers.items()
        )

    def calls(self) -> dict[str, int]:
        return {alias: speaker.calls for alias, speaker in self._speakers.items()}

    def close(self, *, timeout_s: float) -> None:
        for batcher in self.batchers:
            batcher.close(timeout_s)

    def _open(self, alias: str) -> Speaker:
        settings = self._settings
        if alias == INFERENCE:
            return _Direct(engines.create(alias, settings))
        batcher = _BatchedSpeaker(
            lambda: engines.create(alias, settings),
            instances=settings.worker_instances,
            deadline_s=settings.engine_timeout_s,
        )
        batcher.load()
        self.batchers.append(batcher)
        return batcher


class _BatchedSpeaker(Batcher):
    @property
    def window(self) -> int:
        # Enough to fill a batch while the last one is spoken; few enough to stop soon when cancelled.
        return 2 * self.engine.max_batch


class _Direct:
    """An engine on the network needs no thread of its own: the task waits for it, and many tasks may."""

    window = 1

    def __init__(self, engine: Engine) -> None:
        self.calls = 0
        self.engine = engine
        engine.load()

    def submit(self, utterance: Utterance, *, first: bool) -> Future[Speech]:  # noqa: ARG002  # one is as good as another
        self.calls += 1
        future: Future[Speech] = Future()
        try:
            future.set_result(self.engine.speak([utterance])[0])
        except Exception as error:
            future.set_exception(error)
        return future
