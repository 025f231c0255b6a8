"""The messages between a worker and its engine processes."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

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
    kind: Literal["start"] = "start"


@dataclass(frozen=True, slots=True)
class Speak:
    id: int
    weights: str
    utterance: Utterance
    lane: str
    kind: Literal["speak"] = "speak"


@dataclass(frozen=True, slots=True)
class Load:
    id: int
    weights: str
    kind: Literal["load"] = "load"


@dataclass(frozen=True, slots=True)
class Unload:
    id: int
    weights: str
    kind: Literal["unload"] = "unload"


@dataclass(frozen=True, slots=True)
class Cancel:
    """Forget a request that waits. It is answered by `Failed` with the code `cancelled`, or as if nothing happened."""

    id: int
    kind: Literal["cancel"] = "cancel"


@dataclass(frozen=True, slots=True)
class MarkOutdated:
    """The files of these weights have changed."""

    weights: str
    kind: Literal["mark_outdated"] = "mark_outdated"


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
    kind: Literal["spoken"] = "spoken"


@dataclass(frozen=True, slots=True)
class Failed:
    id: int
    failure: Failure
    kind: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to `Load` and `Unload`. `ok` is False if the model could not be unloaded."""

    id: int
    ok: bool
    kind: Literal["done"] = "done"


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
    kind: Literal["state"] = "state"


Report = Spoken | Failed | Done | State

_COMMANDS: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="kind")])
_REPORTS: TypeAdapter[Report] = TypeAdapter(Annotated[Report, Field(discriminator="kind")])


def encode_command(command: Command) -> bytes:
    return _COMMANDS.dump_json(command)


def decode_command(data: bytes) -> Command:
    """Raises pydantic.ValidationError."""
    return _COMMANDS.validate_json(data)


def encode_report(report: Report) -> bytes:
    return _REPORTS.dump_json(report)


def decode_report(data: bytes) -> Report:
    """Raises pydantic.ValidationError."""
    return _REPORTS.validate_json(data)
