"""Records of models, their weights and their downloads."""

from dataclasses import dataclass

from cli.client.decoding import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Download(Record):
    """A download of weights or of a voice. `bytes_total` is 0 until it is known."""

    id: str = ""
    model: str = ""
    item: str = ""
    status: str
    bytes_done: int = 0
    bytes_total: int = 0
    percent: float = 0.0
    error_code: str | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsWorker(Record):
    """A live worker that has the files of the weights or serves them. `trouble` says why loading failed."""

    id: str = ""
    device: str = ""
    state: str = ""
    loaded: bool = False
    in_use: bool = False
    memory_bytes: int = 0
    trouble: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights(Record):
    key: str
    need: str = ""
    state: str = ""
    revision: str | None = None
    size_bytes: int = 0
    workers: tuple[WeightsWorker, ...] = ()
    download: Download | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Record):
    alias: str
    name: str = ""
    state: str = ""
    size_bytes: int = 0
    voices_present: int = 0
    voices_known: int = 0
    weights: tuple[Weights, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsStatus(Record):
    provider: str = ""
    models: tuple[Model, ...] = ()
    downloads: tuple[Download, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloads(Record):
    """The downloads that a request started. `present` names what is downloaded already."""

    downloads: tuple[Download, ...] = ()
    present: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCommand(Record):
    """A command to one worker, to load or unload weights."""

    worker: str
    weights: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCommands(Record):
    """The commands that were sent to workers (`told`).

    `not_served` names what no live worker serves, and `stays` what is never unloaded.
    """

    told: tuple[ModelCommand, ...] = ()
    not_served: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
