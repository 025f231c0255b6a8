"""docker-compose.yml, the Dockerfiles and nginx's site, held against what the code expects."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url
from typer.main import get_command

from cli.service import worker_groups
from common.settings import Settings
from tests.support.deployment import (
    COMPOSE,
    COMPOSE_TEXT,
    OURS,
    ROOT,
    SECRETS,
    SERVICES,
    commands_of,
    dockerfile,
    environment_of,
    image_of,
)
from tests.support.nginx import DEPLOYED, SITE

DOCKERFILES = ("Dockerfile.api", "Dockerfile.worker")
FLAVOURS = {"worker-torch": "torch", "worker-parler": "parler"}
WORKERS = ("worker", "worker-inference", *FLAVOURS)
ALIASES = {"ORATIO_HF_TOKEN": "HF_TOKEN", "ORATIO_HF_ENDPOINT": "HF_ENDPOINT"}
# The others must reach a container, or an operator sets them in .env and nothing happens.
NOT_FOR_CONTAINERS = {
    "ORATIO_FAKE_ENGINE": "for tests",
}


def setting_names() -> set[str]:
    names = {f"ORATIO_{field.upper()}" for field in Settings.model_fields}
    return {ALIASES.get(name, name) for name in names}


def names_in_use() -> set[str]:
    named = {name for service in OURS for name in SERVICES[service]["environment"]}
    built = {name for service in OURS for name in image_of(service).environment}
    return {name for name in named | built if name.startswith("ORATIO_") or name in ALIASES.values()}


def seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"(\d+)([a-z]+)", duration).groups()  # type: ignore[union-attr]
    return float(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


def settings_of(service: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Settings:
    monkeypatch.chdir(folder)
    for name in setting_names():
        monkeypatch.delenv(name, raising=False)
    for name, value in environment_of(service).items():
        if name.startswith("ORATIO_") or name in ALIASES.values():
            monkeypatch.setenv(name, value)
    return Settings()


def test_every_setting_that_is_named_exists() -> None:
    assert names_in_use() <= setting_names()
    written = COMPOSE_TEXT + "".join((ROOT / name).read_text() for name in DOCKERFILES)
    assert set(re.findall(r"ORATIO_[A-Z_]+", written)) <= setting_names()


def test_every_setting_can_reach_a_container() -> None:
    assert setting_names() - names_in_use() == set(NOT_FOR_CONTAINERS)


@pytest.mark.parametrize("service", OURS)
def test_settings_are_read_as_meant(service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = settings_of(service, monkeypatch, tmp_path)
    database = make_url(settings.database)
    assert (database.drivername, database.host, database.port) == ("postgresql+psycopg", "postgres", 5432)
    assert (database.username, database.database) == (
        SERVICES["postgres"]["environment"]["POSTGRES_USER"],
        SERVICES["postgres"]["environment"]["POSTGRES_DB"],
    )
    assert settings.redis_url.endswith("@redis:6379/0")
    assert settings.store == "file:///data"
    assert seconds(SERVICES[service]["stop_grace_period"]) > settings.stop_grace_s


def test_the_hub_token_reaches_workers_only() -> None:
    assert [name for name in SERVICES if "HF_TOKEN" in SERVICES[name].get("environment", {})] == list(WORKERS)
    assert all("env_file" not in service for service in SERVICES.values())


def test_variables_that_must_be_set_are_in_the_example() -> None:
    required = set(re.findall(r"(?<!\$)\$\{(\w+):\?", COMPOSE_TEXT))
    assert required == set(SECRETS)
    listed = re.findall(r"^#?\s*(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert required <= set(listed)


@pytest.mark.parametrize("name", DOCKERFILES)
def test_what_is_copied_exists_and_is_not_ignored(name: str) -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copies = [rest.split() for stage in dockerfile(name).values() for rest in stage.all("COPY")]
    sources = [word for copy in copies if not copy[0].startswith("--from") for word in copy[:-1]]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in kept, f"{source} is left out by .dockerignore"


@pytest.mark.parametrize("name", DOCKERFILES)
def test_libraries_are_installed_by_hash(name: str) -> None:
    runs = [rest for stage in dockerfile(name).values() for rest in stage.all("RUN")]
    installs = [re.split(r"&&", run)[0] for run in runs if "pip install" in run]
    assert installs
    # Only the build of torch is for whoever builds the image to say.
    hashed = [run for run in installs if not run.rstrip().endswith("pip install ${TORCH}")]
    assert all("--require-hashes -r requirements/" in run or "--no-deps" in run for run in hashed)


def test_a_target_and_a_lock_for_each_flavour() -> None:
    stages = dockerfile("Dockerfile.worker")
    for flavour in ("base", *FLAVOURS.values()):
        assert f"COPY --from={flavour}-libraries /opt/venv /opt/venv" in [
            f"COPY {rest}" for rest in stages[flavour].all("COPY")
        ]
        assert f"requirements/{flavour}.lock" in " ".join(stages[f"{flavour}-libraries"].all("COPY"))
    locks = {path.stem: path.read_text() for path in (ROOT / "requirements").glob("*.lock")}
    assert all(f"\n{name}==" in f"\n{locks['torch']}" for name in ("transformers", "uroman", "num2words"))
    assert "parler-tts==0.2.3" in locks["parler"]
    assert not re.search(r"^torch==", locks["base"] + locks["run"] + locks["torch"], re.MULTILINE)


def test_flavours_serve_what_their_environments_have() -> None:
    for service, flavour in FLAVOURS.items():
        command = SERVICES[service]["command"][-1]
        assert command.endswith(f"oratio worker --models {','.join(worker_groups.FLAVOURS[flavour])}")
        assert SERVICES[service]["build"]["target"] == flavour


def test_the_gpu_file_is_about_services_that_exist() -> None:
    described = yaml.safe_load((ROOT / "deploy" / "gpu.yml").read_text())["services"]
    assert described.keys() == FLAVOURS.keys()


def test_the_gateway_installs_nothing_heavy() -> None:
    assert "requirements/gateway.lock" in (ROOT / "Dockerfile.api").read_text()
    lock = (ROOT / "requirements" / "gateway.lock").read_text()
    locked = set(re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE))
    assert {"fastapi", "uvicorn", "psycopg"} <= locked
    assert not locked & {"numpy", "torch", "celery", "kombu", "onnxruntime", "av", "hibari-tts"}


@pytest.mark.parametrize("service", OURS)
def test_commands_name_what_exists(service: str) -> None:
    from cli.main import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    for program, *words in commands_of(service):
        if program == "oratio":
            commands[words[0]].make_context(words[0], words[1:])
        else:
            assert (program, words[0]) == ("python", "-m")
            assert importlib.util.find_spec(words[1]), words


def test_the_order_of_migration_and_service() -> None:
    firsts = {service: commands_of(service)[0] for service in OURS if service != "beat"}
    assert all(command == ["oratio", "migrate"] for command in firsts.values())


def test_ports_agree_from_the_front_to_the_gateway() -> None:
    port = environment_of("gateway")["ORATIO_PORT"]
    assert image_of("gateway").last("EXPOSE") == port
    assert f"server gateway:{port} " in (DEPLOYED / "gateways.conf").read_text()
    listens = re.findall(r"^listen (\d+)", (DEPLOYED / "listen.conf").read_text(), re.MULTILINE)
    assert [published.rpartition(":")[2] for published in SERVICES["nginx"]["ports"]] == listens
    assert f"127.0.0.1:{listens[0]}/" in SERVICES["nginx"]["healthcheck"]["test"][-1]


def test_only_the_front_is_published_and_only_to_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["nginx"]
    assert all(str(port).startswith("127.0.0.1:") for port in published["nginx"])
    assert COMPOSE["networks"]["back"]["internal"] is True
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["back"]


def test_nginx_waits_and_reads_a_little_more_than_the_gateway() -> None:
    site, defaults = SITE.read_text(), Settings.model_fields
    waits = [seconds(found) for found in re.findall(r"proxy_read_timeout\s+(\w+);", site)]
    assert min(waits) > defaults["sync_wait_s"].default
    body = re.search(r"client_max_body_size\s+(\d+)k;", site)
    assert body
    assert 1.0 < int(body[1]) * 1024 / defaults["max_body_bytes"].default < 1.2
    assert "proxy_buffering off;" in site
    assert "non_idempotent" not in re.sub(r"#.*", "", site)


@pytest.mark.parametrize("service", SERVICES)
def test_containers_are_confined(service: str) -> None:
    described = SERVICES[service]
    assert described["read_only"] is True
    assert described["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in described["security_opt"]
    assert described["restart"] == "unless-stopped"
    assert "/tmp" in described["tmpfs"]


@pytest.mark.parametrize("service", OURS)
def test_our_images_run_as_10001(service: str) -> None:
    assert image_of(service).last("USER") == "10001:10001"


def test_servers_from_elsewhere_do_not_run_as_root() -> None:
    assert "unprivileged" in SERVICES["nginx"]["image"]
    assert all(not SERVICES[name]["user"].startswith("0") for name in ("postgres", "redis"))


def test_who_is_waited_for_has_a_health_check() -> None:
    for service in SERVICES.values():
        for name, wait in service.get("depends_on", {}).items():
            assert wait["condition"] == "service_healthy"
            assert "healthcheck" in SERVICES[name] or image_of(name).last("HEALTHCHECK")


def test_the_worker_is_alive_while_its_file_is_fresh() -> None:
    image = image_of("worker")
    assert "$ORATIO_ALIVE_FILE" in image.last("HEALTHCHECK")
    assert Path(image.environment["ORATIO_ALIVE_FILE"]).parent == Path("/tmp")


def test_audio_is_on_one_volume_for_all_who_touch_it() -> None:
    sharing = [name for name in OURS if "data:/data" in SERVICES[name]["volumes"]]
    assert sharing == ["gateway", *WORKERS, "ops"]
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    assert {name for name in mounted if not name.startswith(".")} == set(COMPOSE["volumes"])
    assert all((ROOT / name).exists() for name in mounted if name.startswith("."))
