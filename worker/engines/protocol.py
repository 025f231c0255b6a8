"""What every model family looks like to the rest of the worker."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# What `Engine.voices` answers when a name makes no difference to the engine, or only others know the names.
ANY_VOICE = "*"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One segment to speak. `voice` is the engine's own name of it, `model_id` is "" or a hub id."""

    text: str
    voice: str
    model_id: str
    language: str
    speed: float
    style: str | None
    seed: int
    seed_given: bool


@dataclass(frozen=True, slots=True)
class Speech:
    """Mono samples in [-1, 1]."""

    samples: NDArray[np.float32]
    sample_rate_hz: int


class EngineError(Exception):
    """Why nothing was spoken. The message is shown to callers and logged: it never holds the text or a key.

    Codes: `unspeakable_text` (the caller's fault), `engine_failed`, `provider_unavailable` (retryable),
    `provider_rejected`, `timeout` (retryable), `download_failed`.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after_s: float | None = None,
        caller_fault: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.caller_fault = caller_fault


class Engine(Protocol):
    """A loaded model family. `speak` is called by one thread at a time unless the engine says otherwise.

    `max_chars` is the longest segment it takes; `native_speed` the range of speeds that it does itself (None:
    it ignores `Utterance.speed` and the pipeline stretches).
    """

    alias: str
    max_batch: int
    max_chars: int
    native_speed: tuple[float, float] | None

    def load(self) -> None:
        """Make ready to speak. Called once, before the first `speak`."""

    def voices(self) -> tuple[str, ...]:
        """Own names it can speak right now, or `(ANY_VOICE,)`. Callable from any thread."""

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        """One speech per utterance, in order; `batch` holds 1 to `max_batch` of equal `batch_key`.

        Raises EngineError.
        """

    def batch_key(self, utterance: Utterance) -> Hashable:
        """What must be equal in a batch. Pure: callable from any thread."""

    def close(self) -> None:
        """Give back what `load` took."""
