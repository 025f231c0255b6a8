"""Models, their weights, and the fetching of them as the service tells it."""

from dataclasses import dataclass

from cli.client.decoding import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Download(Record):
    """`bytes_total` is 0 until it is known."""

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
    """A worker that lives and has the files, or serves them. `trouble` is why it could not load them."""

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
    """`present` names what needs none."""

    downloads: tuple[Download, ...] = ()
    present: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCommand(Record):
    worker: str
    weights: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCommands(Record):
    """`not_served` is what no living worker serves, `stays` what is never unloaded."""

    told: tuple[ModelCommand, ...] = ()
    not_served: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
