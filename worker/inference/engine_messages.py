"""The messages between a worker and its engine processes, as JSON.

Plain dataclasses: a library for validation would double the memory of an idle engine process. Both ends are ours.
"""

import json
from dataclasses import dataclass
from typing import Any

from worker.engines.protocol import DeviceLost, EngineError, OutOfMemory, TooLong, Utterance, Word

# The code of a request that was cancelled before an engine took it.
CANCELLED = "cancelled"
_CLASSES: dict[str, type[EngineError]] = {
    "out_of_memory": OutOfMemory,
    "text_too_long": TooLong,
    "device_lost": DeviceLost,
}


@dataclass(frozen=True, slots=True)
class Start:
    """The first command. `share`: this process may use one of so many equal shares of the memory for models."""

    settings: dict[str, Any]
    share: int


@dataclass(frozen=True, slots=True)
class Speak:
    id: int
    weights: str
    utterance: Utterance
    lane: str


@dataclass(frozen=True, slots=True)
class Load:
    id: int
    weights: str


@dataclass(frozen=True, slots=True)
class Unload:
    id: int
    weights: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Forget a request that waits. It is answered by `Failed` with the code `cancelled`, or as if nothing happened."""

    id: int


@dataclass(frozen=True, slots=True)
class MarkOutdated:
    """The files of these weights have changed."""

    weights: str


Command = Start | Speak | Load | Unload | Cancel | MarkOutdated


@dataclass(frozen=True, slots=True)
class Failure:
    """An EngineError."""

    code: str
    message: str
    retryable: bool = False
    retry_after_s: float | None = None
    caller_fault: bool = False

    @classmethod
    def of(cls, error: EngineError) -> "Failure":
        return cls(error.code, error.message, error.retryable, error.retry_after_s, error.caller_fault)

    def to_error(self) -> EngineError:
        """Return the error, of its own class where it has one."""
        family = _CLASSES.get(self.code, EngineError)
        error = family.__new__(family)
        EngineError.__init__(
            error,
            self.code,
            self.message,
            retryable=self.retryable,
            retry_after_s=self.retry_after_s,
            caller_fault=self.caller_fault,
        )
        return error


@dataclass(frozen=True, slots=True)
class Spoken:
    """The payload of the frame has the samples, as float32. `call` is the number of the engine call."""

    id: int
    call: int
    sample_rate_hz: int
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    id: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to `Load` and `Unload`. `ok` is False if the model could not be unloaded."""

    id: int
    ok: bool


@dataclass(frozen=True, slots=True)
class ModelState:
    """The state of one set of weights. `failure` says why it cannot be loaded."""

    loaded: bool
    memory_bytes: int
    max_batch: int
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The models of an engine process, by weights. `device` is for people, None before it is known."""

    models: dict[str, ModelState]
    loads: int
    unloads: int
    device: str | None


Report = Spoken | Failed | Done | State

_COMMANDS: dict[str, type[Command]] = {
    kind.__name__: kind for kind in (Start, Speak, Load, Unload, Cancel, MarkOutdated)
}


def encode(message: Command | Report) -> bytes:
    return json.dumps([type(message).__name__, message], default=_to_json, ensure_ascii=False).encode()


def decode_command(data: bytes) -> Command:
    """Raises ValueError, KeyError and TypeError for anything else."""
    kind, values = json.loads(data)
    if kind == Speak.__name__:
        return Speak(**values | {"utterance": _utterance(values["utterance"])})
    return _COMMANDS[kind](**values)


def decode_report(data: bytes) -> Report:
    """Raises ValueError, KeyError and TypeError for anything else."""
    kind, values = json.loads(data)
    match kind:
        case "Spoken":
            return Spoken(**values | {"words": tuple(Word(*word) for word in values["words"])})
        case "Failed":
            return Failed(**values | {"failure": Failure(**values["failure"])})
        case "State":
            return State(**values | {"models": {key: _model(one) for key, one in values["models"].items()}})
        case "Done":
            return Done(**values)
    raise ValueError(f"an unknown message: {kind}")


def _to_json(value: Any) -> Any:
    # Words are many, so they go without names.
    if isinstance(value, Word):
        return [value.start, value.end, value.start_s, value.end_s]
    return {name: getattr(value, name) for name in value.__slots__}


def _utterance(values: dict[str, Any]) -> Utterance:
    return Utterance(**values | {"phonemes": tuple(tuple(one) for one in values["phonemes"])})


def _model(values: dict[str, Any]) -> ModelState:
    failure = values["failure"]
    return ModelState(**values | {"failure": Failure(**failure) if failure else None})
