"""The settings that engines read. An engine process gets them from its worker and does not read the environment."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, Protocol


class Secret(Protocol):
    def get_secret_value(self) -> str: ...


class EngineSettings(Protocol):
    """The names are those of `common.settings.Settings`, which loads libraries that an engine process does not need."""

    @property
    def data_dir(self) -> Path: ...
    @property
    def models_dir(self) -> Path: ...
    @property
    def fake_engine(self) -> bool: ...
    @property
    def hf_token(self) -> Secret | None: ...
    @property
    def inference_url(self) -> str: ...
    @property
    def inference_timeout_s(self) -> float: ...
    @property
    def device(self) -> str: ...
    @property
    def dtype(self) -> Literal["auto", "float32", "float16", "bfloat16"]: ...
    @property
    def attention(self) -> Literal["auto", "eager", "sdpa"]: ...
    @property
    def compile_models(self) -> bool: ...
    @property
    def engines(self) -> int: ...
    @property
    def cpu_threads(self) -> int: ...
    @property
    def batch_max(self) -> int: ...
    @property
    def model_memory_mb(self) -> float: ...
    @property
    def model_idle_s(self) -> float: ...
    @property
    def model_load_timeout_s(self) -> float: ...
    @property
    def engine_timeout_s(self) -> float: ...
    @property
    def log_level(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ReceivedSettings:
    """The settings in an engine process. Hosted inference runs in the worker, so the token stays there."""

    data_dir: Path
    models_dir: Path
    fake_engine: bool
    device: str
    dtype: Literal["auto", "float32", "float16", "bfloat16"]
    attention: Literal["auto", "eager", "sdpa"]
    compile_models: bool
    engines: int
    cpu_threads: int
    batch_max: int
    model_memory_mb: float
    model_idle_s: float
    model_load_timeout_s: float
    engine_timeout_s: float
    log_level: str
    hf_token: Secret | None = None
    inference_url: str = ""
    inference_timeout_s: float = 0.0

    @classmethod
    def of(cls, settings: EngineSettings, *, device: str) -> "ReceivedSettings":
        """Return the settings for the engine process of a device, without secrets."""
        sent = {name: getattr(settings, name) for name in _SENT}
        return cls(**sent | {"device": device})

    def to_json(self) -> dict[str, Any]:
        values = {name: value for name, value in asdict(self).items() if name in _SENT}
        return values | {"data_dir": str(self.data_dir), "models_dir": str(self.models_dir)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ReceivedSettings":
        folders = {name: Path(values[name]) for name in ("data_dir", "models_dir")}
        return cls(**values | folders)


_NOT_SENT = {"hf_token", "inference_url", "inference_timeout_s"}
_SENT = [one.name for one in fields(ReceivedSettings) if one.name not in _NOT_SENT]
