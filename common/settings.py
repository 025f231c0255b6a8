"""All settings of the service, read from the environment (prefix `ORATIO_`) and from `.env`."""

import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

ProviderMode = Literal["auto", "local", "inference", "stub"]

INVALID_EXIT_CODE = 2
_CHECKOUT = Path(__file__).resolve().parents[1]
_FRONTEND_DIR = Path("frontend/dist")
ANY_HOST = "*"
ANY_HOST_WARNING = (
    "ORATIO_ALLOWED_HOSTS=* allows every host name, so any page can use this service by DNS rebinding."
)


def _url_of(*schemes: str) -> AfterValidator:
    """Refuse URLs that the libraries would refuse later, with a message that does not repeat their password."""

    def check(url: str) -> str:
        if not url:
            return url
        if url.partition("://")[0].partition("+")[0] not in schemes or "://" not in url:
            raise ValueError(f"must start with one of: {', '.join(f'{scheme}://' for scheme in schemes)}")
        _ = urlsplit(url).port  # raises ValueError
        return url

    return AfterValidator(check)


DatabaseUrl = Annotated[str, _url_of("postgresql", "postgres", "sqlite")]
RedisUrl = Annotated[str, _url_of("redis", "rediss", "unix")]
StoreUrl = Annotated[str, _url_of("file", "s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "memory")]


def _list_of(pattern: str, *, what: str) -> AfterValidator:
    """Refuse comma-separated lists with an item that the pattern does not match."""

    def check(value: str) -> str:
        if all(re.fullmatch(pattern, item) for item in _split_names(value.lower())):
            return value.lower()
        raise ValueError(f"must be {what}, separated by commas")

    return AfterValidator(check)


HostNames = Annotated[
    str,
    _list_of(r"\*|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", what="host names such as speech.example, without port"),
]
Origins = Annotated[
    str,
    _list_of(
        r"[a-z][a-z0-9+.-]*://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:\d+)?",
        what="origins such as https://app.example",
    ),
]


def _path_below_root(path: str) -> str:
    """Accept `/speech`, `speech` and `/speech/`."""
    if not path.strip("/"):
        return ""
    path = f"/{path.strip('/')}"
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", path):
        raise ValueError("must be a path such as /speech, of letters, digits and the characters - . _ ~")
    return path


def _upper_case(name: object) -> object:
    return name.upper() if isinstance(name, str) else name


class Settings(BaseSettings):
    """`.env.example` documents every setting. A test compares the two."""

    model_config = SettingsConfigDict(
        env_prefix="ORATIO_",
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        populate_by_name=True,
        frozen=True,
        allow_inf_nan=False,
    )

    # Paths and addresses.
    data_dir: Path = Path("data")
    models_dir: Path = Path("models")
    frontend_dir: Path = _FRONTEND_DIR
    database_url: DatabaseUrl = ""
    redis_url: RedisUrl = "redis://127.0.0.1:6379/0"
    store_url: StoreUrl = ""

    # Gateway.
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    allow_open: bool = False
    allowed_hosts: HostNames = ""
    cors_origins: Origins = ""
    root_path: Annotated[str, AfterValidator(_path_below_root)] = ""
    max_text_chars: int = Field(200_000, ge=1)
    max_body_bytes: int = Field(2_000_000, ge=1024)
    max_batch_ids: int = Field(500, ge=1)
    list_limit_max: int = Field(500, ge=1)
    sync_wait_s: float = Field(120.0, gt=0)
    queue_max: int = Field(100_000, ge=1)
    drain_s: float = Field(0.0, ge=0)
    expected_models: str = ""

    # Providers and engines.
    tts_provider: ProviderMode = "auto"
    tts_stub: bool = False
    fallback_stub: bool = True
    hf_token: SecretStr | None = Field(
        None, validation_alias=AliasChoices("hf_token", "HF_TOKEN", "HUGGINGFACEHUB_API_TOKEN")
    )
    inference_url: str = ""
    inference_timeout_s: float = Field(60.0, gt=0)
    inference_concurrency: int = Field(4, ge=1)
    optional_models: str = "kokoro"
    worker_models: str = ""
    # Engine processes of each worker: 0 is one per core, or with torch one per GPU.
    engines: int = Field(0, ge=0, validation_alias=AliasChoices("ORATIO_ENGINES", "ORATIO_WORKER_INSTANCES"))
    fake_engine: bool = False

    # Overrides of OpenAI's names: voice name to voice id, model name to model.
    openai_voices: dict[str, str] = Field(default_factory=dict)
    openai_models: dict[str, str] = Field(default_factory=dict)

    # JSON file of words and their respellings.
    lexicon_file: Path | None = None

    # Models in memory.
    device: str = Field("auto", pattern=r"^(auto|cpu|mps|cuda(:\d{1,3})?)$")
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    attention: Literal["auto", "eager", "sdpa"] = "auto"
    compile_models: bool = False
    cpu_threads: int = Field(1, ge=1)
    batch_max: int = Field(0, ge=0)
    model_memory_mb: float = Field(0.0, ge=0)
    model_idle_s: float = Field(900.0, ge=0)
    model_load_timeout_s: float = Field(600.0, gt=0)
    warm_models: str = ""

    # Models on disk.
    hf_endpoint: str = Field(
        "https://huggingface.co", validation_alias=AliasChoices("hf_endpoint", "HF_ENDPOINT")
    )

    # Queues and leases.
    queue_prefix: str = Field("oratio", pattern=r"^[a-z0-9_-]{1,32}$")
    bells_max: int = Field(200, ge=1)
    lease_s: float = Field(30.0, gt=0)
    sweep_s: float = Field(5.0, gt=0)
    engine_timeout_s: float = Field(120.0, gt=0)
    stop_grace_s: float = Field(60.0, gt=0)
    alive_file: Path | None = None

    # Retention (0 means no limit for the first three).
    clean_max_hours: float = Field(48.0, ge=0)
    clean_max_history: int = Field(200, ge=0)
    jobs_max: int = Field(300, ge=0)
    clean_min_age_s: float = Field(3600.0, ge=0)

    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper_case)] = "INFO"

    @field_validator("hf_token", "alive_file", "lexicon_file", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("frontend_dir")
    @classmethod
    def _find_studio(cls, folder: Path) -> Path:
        """Take the studio of the checkout if the service starts in another folder."""
        is_elsewhere = folder == _FRONTEND_DIR and not folder.exists()
        return _CHECKOUT / folder if is_elsewhere and (_CHECKOUT / folder.parent).is_dir() else folder

    @property
    def provider_mode(self) -> ProviderMode:
        """`ORATIO_TTS_STUB=1` is the older form of `ORATIO_TTS_PROVIDER=stub`."""
        return "stub" if self.tts_stub else self.tts_provider

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'oratio.db'}"

    @property
    def store(self) -> str:
        return self.store_url or self.data_dir.absolute().as_uri()

    @property
    def allowed_host_names(self) -> frozenset[str]:
        """Include the name that the service listens on."""
        return frozenset((*_split_names(self.allowed_hosts), self.host.lower()))

    @property
    def cors_origin_names(self) -> frozenset[str]:
        return frozenset(_split_names(self.cors_origins))

    @property
    def optional_model_names(self) -> frozenset[str]:
        return frozenset(_split_names(self.optional_models))

    @property
    def worker_model_names(self) -> tuple[str, ...]:
        return _split_names(self.worker_models)

    @property
    def expected_model_names(self) -> frozenset[str]:
        return frozenset(_split_names(self.expected_models))

    @property
    def warm_model_names(self) -> tuple[str, ...]:
        return _split_names(self.warm_models)


def _split_names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


@lru_cache
def get_settings() -> Settings:
    """The settings of this process. Ends it if one is invalid."""
    return read_settings_or_exit()


def read_settings_or_exit(**overrides: Any) -> Settings:
    """Read the settings. If some are invalid, print one line for each to stderr, and exit with 2.

    `overrides` take precedence over the environment. The lines never contain values, which may be secret.
    """
    try:
        return Settings(**overrides)
    except (ValidationError, SettingsError, UnicodeError) as error:
        sys.stderr.write("".join(f"{line}\n" for line in _describe(error)))
        sys.exit(INVALID_EXIT_CODE)


def _describe(error: Exception) -> Iterator[str]:
    if isinstance(error, ValidationError):
        for detail in error.errors(include_url=False, include_input=False, include_context=False):
            yield f"{_variable(str(detail['loc'][0]))}: {_plain(detail['msg'])}"
    elif isinstance(
        error, SettingsError
    ):  # a value that must be JSON, named by its field only in the message
        field = re.search(r'field "(\w+)"', str(error))
        yield f"{_variable(field[1]) if field else 'A setting'}: is not valid JSON"
    else:
        yield ".env: is not encoded in UTF-8"


def _plain(message: str) -> str:
    """Say pydantic's message in the words of this service: `Input should be …` is `must be …`."""
    expected = re.fullmatch(r"Input should be (?:a valid (integer|\w+), unable .*|(.*))", message)
    if expected is None:
        return message.removeprefix("Value error, ")
    names = {"integer": "a whole number", "number": "a number", "boolean": "1 or 0"}
    return f"must be {names.get(expected[1], expected[1]) if expected[1] else expected[2]}"


def _variable(name: str) -> str:
    """The environment variable of a field or of an alias."""
    is_alias = name.upper().startswith(("HF_", "HUGGINGFACEHUB_", "ORATIO_"))
    return name.upper() if is_alias else f"ORATIO_{name.upper()}"
