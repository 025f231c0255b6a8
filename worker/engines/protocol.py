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
    """One segment to speak. `voice` is the engine's own name of it, `model_id` is "" or a hub id.

    `is_first`: it is the first of its job. `phonemes`: characters [start, end) of `text` are to be said as this string,
    in the signs that Kokoro was trained on (IPA, with one letter for some sounds of two); in order, none overlapping.
    An engine that does not take them (`Engine.takes_phonemes`) passes over them.
    """

    text: str
    voice: str
    model_id: str
    language: str
    speed: float
    style: str | None
    seed: int
    seed_given: bool
    is_first: bool = True
    phonemes: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """Characters [start, end) of the utterance's text are heard from `start_s` to `end_s`, from the first sample on."""

    start: int
    end: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Speech:
    """Mono samples in [-1, 1].

    `words`: those of which the engine knows when they're heard, in order; none from an engine that knows of none.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: int
    words: tuple[Word, ...] = ()

    @classmethod
    def nothing(cls) -> "Speech":
        """Of no length."""
        return cls(np.zeros(0, np.float32), 0)


class EngineError(Exception):
    """Why nothing was spoken. The message is shown to callers and logged: it never holds the text or a key.

    Codes: `unspeakable_text` (the caller's fault), `engine_failed`, `engine_unavailable` (not here now, retryable),
    `model_broken` (its weights cannot be loaded), `provider_unavailable` (retryable), `provider_rejected`, `timeout`
    (retryable).
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


class OutOfMemory(EngineError):
    """The device had no room for this call or this model. What could be given back has been."""

    def __init__(self, alias: str) -> None:
        super().__init__(
            "out_of_memory",
            f"The model {alias} ran out of memory on this worker, alone and with a single passage: give it a device "
            "with more memory, or lower ORATIO_MODEL_MEMORY_MB so that other models leave it room.",
        )


class TooLong(EngineError):
    """The text is more than the model can speak in one call: in two halves it may be spoken."""

    def __init__(self, alias: str) -> None:
        super().__init__(
            "text_too_long", f"The passage is too long for the model {alias}.", caller_fault=True
        )


class DeviceLost(EngineError):
    """The device answers no more in this process: another process must go on."""

    def __init__(self, alias: str) -> None:
        super().__init__(
            "device_lost",
            f"The device failed under the model {alias}; its worker starts again.",
            retryable=True,
        )


class Engine(Protocol):
    """The adapter of a model family for one set of weights.

    Making one is cheap and touches no weights. `load` and `close` may be called in turn, any number of times; between
    them `speak` is called by one thread at a time. Everything else can be asked of any thread, loaded or not.

    `executor`: engines that name the same one are never called at the same time, because they share state that is not
    thread-safe (a random generator). `max_chars` is the longest segment it takes; `native_speed` the range of speeds
    that it does itself (None: it ignores `Utterance.speed` and the pipeline stretches). `takes_phonemes`: it says
    `Utterance.phonemes` as they stand. `timeout_factor` multiplies the time that a call may take; a `pinned` one stays
    loaded.
    """

    alias: str
    executor: str
    max_batch: int
    max_chars: int
    native_speed: tuple[float, float] | None
    takes_phonemes: bool
    timeout_factor: float
    pinned: bool

    def load(self) -> None:
        """Make ready to speak. Raises EngineError (`model_broken`, or OutOfMemory) and whatever else goes wrong."""

    def voices(self) -> tuple[str, ...]:
        """Own names it can speak right now, or `(ANY_VOICE,)`; none where its weights are not there."""

    def memory_bytes(self) -> int:
        """What it holds while it is loaded; before, what loading it is expected to take. 0: nothing worth counting."""

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        """One speech per utterance, in order; `batch` holds 1 to `max_batch` of equal `batch_key`.

        Raises EngineError, among them OutOfMemory, TooLong and DeviceLost.
        """

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        """What must be equal in a batch; None for one that must be spoken alone. Pure."""

    def close(self) -> None:
        """Give back what `load` took."""
