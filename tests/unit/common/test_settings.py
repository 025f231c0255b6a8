"""Settings, and their documentation in `.env.example`."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from common.settings import Settings, get_settings, read_settings_or_exit

ROOT = Path(__file__).parents[3]
EXAMPLE = (ROOT / ".env.example").read_text()
LINE = re.compile(r"^#?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$", re.MULTILINE)
ALIASES = {"hf_token": "HF_TOKEN", "hf_endpoint": "HF_ENDPOINT"}
UNITS = {"_s": "seconds", "_mb": "MB", "_hours": "hours", "_bytes": "bytes", "_chars": "characters"}
COMPOSE_VARIABLES = set(re.findall(r"(?<!\$)\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))


def name_of(field: str) -> str:
    return ALIASES.get(field, f"ORATIO_{field.upper()}")


COMPOSE_ONLY = COMPOSE_VARIABLES - {name_of(field) for field in Settings.model_fields}


def read_settings(**environment: str) -> Settings:
    """Read settings as a process does, without a `.env`."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return Settings(_env_file=None)


def comment_of(name: str) -> str:
    """The comment above a line of the example, or above its group of lines."""
    before = EXAMPLE[: re.search(rf"^#?{name}=", EXAMPLE, re.MULTILINE).start()]  # type: ignore[union-attr]
    return before.rpartition("\n\n")[2]


def test_the_example_shows_every_setting_and_nothing_else() -> None:
    listed = [found["name"] for found in LINE.finditer(EXAMPLE)]
    assert len(listed) == len(set(listed))
    assert set(listed) - COMPOSE_ONLY == {name_of(field) for field in Settings.model_fields}
    assert set(listed) >= COMPOSE_ONLY


def test_the_example_shows_real_defaults(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(re.sub(r"^#(?=[A-Z][A-Z0-9_]*=)", "", EXAMPLE, flags=re.MULTILINE))
    assert Settings(_env_file=file) == Settings(_env_file=None)


def test_the_unchanged_example_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(EXAMPLE)
    settings = Settings(_env_file=tmp_path / ".env")
    assert settings == Settings(_env_file=None)
    # If a Redis URL is set at all, `oratio up` does not start its own server.
    assert not settings.model_fields_set


def test_the_example_keeps_the_order_of_the_settings() -> None:
    names = [name_of(field) for field in Settings.model_fields]
    assert [found["name"] for found in LINE.finditer(EXAMPLE) if found["name"] in names] == names


@pytest.mark.parametrize("field", Settings.model_fields)
def test_the_example_names_units(field: str) -> None:
    comment = comment_of(name_of(field))
    assert comment.startswith("# ")
    for suffix, unit in UNITS.items():
        if field.endswith(suffix):
            assert unit in comment


def test_the_example_shows_defaults_of_docker_compose() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    shown = {found["name"]: found["value"] for found in LINE.finditer(EXAMPLE)}
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", compose))
    assert defaults
    assert {name: shown[name] for name in defaults} == defaults


@pytest.mark.parametrize("name", ["HF_TOKEN", "HUGGINGFACEHUB_API_TOKEN"])
def test_the_token_has_two_names(name: str) -> None:
    token = read_settings(**{name: "hf_abc"}).hf_token
    assert token is not None
    assert token.get_secret_value() == "hf_abc"
    assert "hf_abc" not in repr(token)


def test_an_empty_token_is_none() -> None:
    assert read_settings(HF_TOKEN="").hf_token is None
    assert read_settings(ORATIO_ALIVE_FILE="").alive_file is None


def test_the_older_setting_of_the_stub_still_works() -> None:
    assert read_settings(ORATIO_TTS_STUB="1").provider_mode == "stub"
    assert read_settings(ORATIO_TTS_STUB="1", ORATIO_TTS_PROVIDER="local").provider_mode == "stub"
    assert read_settings(ORATIO_TTS_STUB="0", ORATIO_TTS_PROVIDER="local").provider_mode == "local"
    assert read_settings().provider_mode == "auto"


def test_the_older_setting_of_the_engine_processes_still_works() -> None:
    assert read_settings().engines == 0
    assert read_settings(ORATIO_WORKER_INSTANCES="3").engines == 3
    assert read_settings(ORATIO_WORKER_INSTANCES="3", ORATIO_ENGINES="2").engines == 2


def test_values_given_to_a_process_go_before_its_environment() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORATIO_ENGINES", "3")
        assert Settings(_env_file=None, engines=1).engines == 1


def test_database_and_store_default_to_the_data_folder(tmp_path: Path) -> None:
    default = read_settings(ORATIO_DATA_DIR=str(tmp_path))
    assert default.database == f"sqlite:///{tmp_path}/oratio.db"
    assert default.store == f"file://{tmp_path}"
    configured = read_settings(
        ORATIO_DATABASE_URL="postgresql://db/oratio", ORATIO_STORE_URL="s3://bucket/voices"
    )
    assert configured.database == "postgresql://db/oratio"
    assert configured.store == "s3://bucket/voices"


def test_lists_are_comma_separated() -> None:
    settings = read_settings(ORATIO_WORKER_MODELS=" hibari, stub,,", ORATIO_OPTIONAL_MODELS="")
    assert settings.worker_model_names == ("hibari", "stub")
    assert settings.optional_model_names == frozenset()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORATIO_DEVICE", "tpu"),
        ("ORATIO_DTYPE", "int8"),
        ("ORATIO_MODEL_MEMORY_MB", "-1"),
        ("ORATIO_CPU_THREADS", "0"),
        ("ORATIO_PORT", "eight"),
        ("ORATIO_TTS_PROVIDER", "cloud"),
        ("ORATIO_TTS_STUB", "perhaps"),
        ("ORATIO_MAX_TEXT_CHARS", "0"),
        ("ORATIO_SYNC_WAIT_S", "0"),
        ("ORATIO_QUEUE_MAX", "-1"),
        ("ORATIO_LEASE_S", "soon"),
        ("ORATIO_CLEAN_MAX_HOURS", "-1"),
        ("ORATIO_JOBS_MAX", "2.5"),
        ("ORATIO_QUEUE_PREFIX", "Our Queue"),
        ("ORATIO_ENGINES", "-1"),
        ("ORATIO_LOG_LEVEL", "LOUD"),
    ],
)
def test_invalid_values_are_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match="(?i)" + name.removeprefix("ORATIO_")):
        read_settings(**{name: value})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read_settings().port = 1  # type: ignore[misc]


def test_settings_are_read_once() -> None:
    get_settings.cache_clear()
    assert get_settings() is get_settings()
    get_settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("ORATIO_PORT", "99999", "ORATIO_PORT: must be less than or equal to 65535"),
        ("ORATIO_PORT", "web", "ORATIO_PORT: must be a whole number"),
        ("ORATIO_CLEAN_MAX_HOURS", "abc", "ORATIO_CLEAN_MAX_HOURS: must be a number"),
        ("ORATIO_FALLBACK_STUB", "abc", "ORATIO_FALLBACK_STUB: must be 1 or 0"),
        ("ORATIO_OPENAI_VOICES", "{", "ORATIO_OPENAI_VOICES: is not valid JSON"),
        ("ORATIO_LEASE_S", "inf", "ORATIO_LEASE_S: must be a finite number"),
        (
            "ORATIO_REDIS_URL",
            "localhost:6379",
            "ORATIO_REDIS_URL: must start with one of: redis://, rediss://, unix://",
        ),
        ("ORATIO_REDIS_URL", "redis://:secret@host:99999/0", "ORATIO_REDIS_URL: Port out of range 0-65535"),
        (
            "ORATIO_ROOT_PATH",
            "/my speech",
            "ORATIO_ROOT_PATH: must be a path such as /speech, of letters, digits and the characters - . _ ~",
        ),
        (
            "ORATIO_DATABASE_URL",
            "mysql://me:secret@host/db",
            "ORATIO_DATABASE_URL: must start with one of: postgresql://, postgres://, sqlite://",
        ),
    ],
)
def test_an_invalid_value_ends_the_process_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, line: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        read_settings_or_exit(_env_file=None)
    assert (ended.value.code, capsys.readouterr().err) == (2, f"{line}\n")


def test_a_file_that_is_not_utf_8_ends_the_process_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_bytes(b"ORATIO_DATA_DIR=donn\xe9es\n")
    with pytest.raises(SystemExit):
        read_settings_or_exit(_env_file=tmp_path / ".env")
    assert capsys.readouterr().err == ".env: is not encoded in UTF-8\n"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("", ""),
        ("/", ""),
        ("/speech", "/speech"),
        ("/speech/", "/speech"),
        ("speech", "/speech"),
        ("/a/b.c/", "/a/b.c"),
    ],
)
def test_the_root_path_may_have_any_slashes_at_its_ends(given: str, path: str) -> None:
    assert read_settings(ORATIO_ROOT_PATH=given).root_path == path


def test_the_log_level_may_be_in_any_case() -> None:
    assert read_settings(ORATIO_LOG_LEVEL="debug").log_level == "DEBUG"


def test_lists_of_hosts_and_origins() -> None:
    settings = read_settings(
        ORATIO_HOST="Speech.lan",
        ORATIO_ALLOWED_HOSTS="Speech.example, nas,,",
        ORATIO_CORS_ORIGINS="https://App.example,http://localhost:3000,http://[::1]:3000,chrome-extension://abc",
    )
    assert settings.allowed_host_names == {"speech.lan", "speech.example", "nas"}
    assert settings.cors_origin_names == {
        "https://app.example",
        "http://localhost:3000",
        "http://[::1]:3000",
        "chrome-extension://abc",
    }
    assert read_settings(ORATIO_ALLOWED_HOSTS="*").allowed_host_names > {"*"}
    assert not read_settings().cors_origin_names


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORATIO_ALLOWED_HOSTS", "https://speech.example"),
        ("ORATIO_ALLOWED_HOSTS", "speech.example:8000"),
        ("ORATIO_ALLOWED_HOSTS", "nas,*.example"),
        ("ORATIO_CORS_ORIGINS", "*"),
        ("ORATIO_CORS_ORIGINS", "null"),
        ("ORATIO_CORS_ORIGINS", "app.example"),
        ("ORATIO_CORS_ORIGINS", "https://app.example/"),
    ],
)
def test_invalid_lists_of_hosts_and_origins(
    name: str, value: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        read_settings_or_exit(_env_file=None)
    assert capsys.readouterr().err.startswith(f"{name}: must be ")


def test_the_studio_of_the_checkout_is_the_default_in_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings().frontend_dir == ROOT / "frontend" / "dist"

    chosen = tmp_path / "nowhere"
    assert read_settings(ORATIO_FRONTEND_DIR=str(chosen)).frontend_dir == chosen

    (tmp_path / "frontend" / "dist").mkdir(parents=True)
    assert read_settings().frontend_dir.absolute() == tmp_path / "frontend" / "dist"
