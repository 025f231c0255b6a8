"""The interface between engines and the rest of the worker."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# `Engine.voices` returns this name if the engine ignores voice names, or if only the provider knows them.
ANY_VOICE = "*"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One segment to speak.

    `voice` is the engine's own name for the voice. `model_id` is a hub id, or "" if the engine needs none. `language`
    is a BCP 47 tag. `seed_given`: the caller chose the seed, so the same seed must give the same samples. `is_first`:
    this is the first segment of its job. `job_id` is "" outside of a job.

    `phonemes` are (start, end, phonemes): speak characters [start, end) of `text` as these phonemes. The phonemes are
    in Kokoro's alphabet: IPA, with a single letter for some sounds that IPA writes with two. The spans are in order
    and do not overlap. An engine without `Engine.takes_phonemes` ignores them.
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
    job_id: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """Characters [start, end) of the utterance's text sound from `start_s` to `end_s`, in seconds from sample 0."""

    start: int
    end: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Speech:
    """Mono samples of shape (n,) in [-1, 1].

    `words` are the words whose time the engine knows, in order. It is empty if the engine reports no times.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: int
    words: tuple[Word, ...] = ()

    @classmethod
    def nothing(cls) -> "Speech":
        """Return speech without samples."""
        return cls(np.zeros(0, np.float32), 0)


class EngineError(Exception):
    """The engine could not speak. The message goes to callers and into logs: it never contains the text or a key.

    Codes: `unspeakable_text` (`caller_fault`), `engine_failed`, `engine_unavailable` (weights are missing now;
    retryable), `model_broken` (the weights cannot be loaded), `provider_unavailable` (retryable), `provider_rejected`,
    `timeout` (retryable), and those of the subclasses. `retry_after_s` is how long to wait before the next attempt.
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
    """The device lacks memory for this call or model. The engine has already released the memory that it could."""

    def __init__(self, alias: str) -> None:
        super().__init__(
            "out_of_memory",
            f"The model {alias} ran out of memory on this worker, even alone and with a single segment. Use a device "
            "with more memory, or lower ORATIO_MODEL_MEMORY_MB so that other models use less.",
        )


class TooLong(EngineError):
    """The text is longer than the model can speak in one call. The caller may split it in half."""

    def __init__(self, alias: str) -> None:
        super().__init__(
            "text_too_long",
            f"A segment is too long for the model {alias}. Use shorter sentences.",
            caller_fault=True,
        )


class DeviceLost(EngineError):
    """The device no longer works in this process. Only a new process can use it again."""

    def __init__(self, alias: str) -> None:
        super().__init__(
            "device_lost",
            f"The device failed while the model {alias} was running. The engine process restarts.",
            retryable=True,
        )


class Engine(Protocol):
    """The adapter of a model family for one set of weights.

    The constructor and `voices` are cheap, read no weights and import no library of models, because a worker calls
    them too. `load` and `close` may alternate any number of times. Between them one thread calls `speak`. Any thread
    may call the other methods, before and after `load`.

    - `max_batch`: the most utterances in one call of `speak`.
    - `max_chars`: the longest text of an utterance.
    - `native_speed`: the range of `Utterance.speed` that the model itself produces. If None, the engine ignores the
      speed and the pipeline stretches the sound.
    - `takes_phonemes`: the engine uses `Utterance.phonemes`.
    - `timeout_factor`: multiplies the time limit of a call.
    - `pinned`: the model cache never unloads this engine.
    """

    alias: str
    max_chars: int
    native_speed: tuple[float, float] | None
    takes_phonemes: bool
    pinned: bool

    @property
    def max_batch(self) -> int: ...

    @property
    def timeout_factor(self) -> float: ...

    def load(self) -> None:
        """Load the weights. Raises EngineError (`model_broken`, OutOfMemory) or any other exception."""

    def voices(self) -> tuple[str, ...]:
        """Return the engine's own names of the voices it can speak now, or `(ANY_VOICE,)`. Empty without weights."""

    def memory_bytes(self) -> int:
        """Return the memory that the loaded model holds, or an estimate before `load`. 0 if it is negligible."""

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        """Return one speech per utterance, in order.

        `batch` holds 1 to `max_batch` utterances of equal `batch_key`. Raises EngineError, including OutOfMemory,
        TooLong and DeviceLost.
        """

    def batch_key(self, utterance: Utterance) -> Hashable | None:
        """Return a key that is equal for all utterances of a batch, or None if this one must run alone.

        It depends only on the utterance.
        """

    def close(self) -> None:
        """Unload the weights and free their memory."""
