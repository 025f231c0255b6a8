"""docker-compose.yml, the Dockerfiles and nginx's configuration agree with the code and with each other."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url
from typer.main import get_command

from cli.main import app
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
    interpolate,
)
from tests.support.nginx import DEPLOYED, SITE

DOCKERFILES = ("Dockerfile.api", "Dockerfile.worker")
FLAVOURS = {"worker-torch": "torch", "worker-parler": "parler"}
WORKERS = ("worker", "worker-inference", *FLAVOURS)
ALIASES = {"ORATIO_HF_TOKEN": "HF_TOKEN", "ORATIO_HF_ENDPOINT": "HF_ENDPOINT"}
# All other settings are passed to a container. Otherwise setting them in .env would have no effect.
NOT_FOR_CONTAINERS = {
    "ORATIO_FAKE_ENGINE": "for tests only",
}


def setting_names() -> set[str]:
    names = {f"ORATIO_{field.upper()}" for field in Settings.model_fields}
    return {ALIASES.get(name, name) for name in names}


def used_setting_names() -> set[str]:
    in_compose = {name for service in OURS for name in SERVICES[service]["environment"]}
    in_images = {name for service in OURS for name in image_of(service).environment}
    return {name for name in in_compose | in_images if name.startswith("ORATIO_") or name in ALIASES.values()}


def parse_seconds(duration: str) -> float:
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


def test_named_settings_exist() -> None:
    assert used_setting_names() <= setting_names()
    text = COMPOSE_TEXT + "".join((ROOT / name).read_text() for name in DOCKERFILES)
    assert set(re.findall(r"ORATIO_[A-Z_]+", text)) <= setting_names()


def test_every_setting_is_passed_to_a_container() -> None:
    assert setting_names() - used_setting_names() == set(NOT_FOR_CONTAINERS)


@pytest.mark.parametrize("service", OURS)
def test_services_connect_to_the_servers_of_compose(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = settings_of(service, monkeypatch, tmp_path)
    database = make_url(settings.database)
    assert (database.drivername, database.host, database.port) == ("postgresql+psycopg", "postgres", 5432)
    assert (database.username, database.database) == (
        SERVICES["postgres"]["environment"]["POSTGRES_USER"],
        SERVICES["postgres"]["environment"]["POSTGRES_DB"],
    )
    assert settings.redis_url.endswith("@redis:6379/0")
    assert settings.store == "file:///data"
    assert parse_seconds(SERVICES[service]["stop_grace_period"]) > settings.stop_grace_s


def test_only_workers_get_the_hub_token() -> None:
    assert [name for name in SERVICES if "HF_TOKEN" in SERVICES[name].get("environment", {})] == list(WORKERS)
    assert all("env_file" not in service for service in SERVICES.values())


def test_required_variables_are_in_the_example_file() -> None:
    required = set(re.findall(r"(?<!\$)\$\{(\w+):\?", COMPOSE_TEXT))
    assert required == set(SECRETS)
    documented = re.findall(r"^#?\s*(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert required <= set(documented)


@pytest.mark.parametrize("name", DOCKERFILES)
def test_copied_files_exist_and_are_not_ignored(name: str) -> None:
    included = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    copies = [rest.split() for stage in dockerfile(name).values() for rest in stage.all("COPY")]
    sources = [word for copy in copies if not copy[0].startswith("--from") for word in copy[:-1]]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in included, f".dockerignore excludes {source}"


@pytest.mark.parametrize("name", DOCKERFILES)
def test_libraries_are_installed_with_hashes(name: str) -> None:
    runs = [rest for stage in dockerfile(name).values() for rest in stage.all("RUN")]
    installs = [re.split(r"&&", run)[0] for run in runs if "pip install" in run]
    assert installs
    # The build of torch is chosen when the image is built, so it has no hash.
    locked = [run for run in installs if not run.rstrip().endswith("pip install ${TORCH}")]
    assert all("--require-hashes -r requirements/" in run or "--no-deps" in run for run in locked)


def test_each_flavour_has_a_target_and_a_lock_file() -> None:
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


def test_workers_of_a_flavour_serve_its_models() -> None:
    for service, flavour in FLAVOURS.items():
        command = SERVICES[service]["command"][-1]
        assert command.endswith(f"oratio worker --models {','.join(worker_groups.FLAVOURS[flavour])}")
        assert SERVICES[service]["build"]["target"] == flavour


def test_the_gpu_file_extends_the_flavour_services() -> None:
    services = yaml.safe_load((ROOT / "deploy" / "gpu.yml").read_text())["services"]
    assert services.keys() == FLAVOURS.keys()


def test_the_gateway_installs_no_heavy_libraries() -> None:
    assert "requirements/gateway.lock" in (ROOT / "Dockerfile.api").read_text()
    lock = (ROOT / "requirements" / "gateway.lock").read_text()
    locked = set(re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE))
    assert {"fastapi", "uvicorn", "psycopg"} <= locked
    assert not locked & {"numpy", "torch", "celery", "kombu", "onnxruntime", "av", "hibari-tts"}


@pytest.mark.parametrize("service", OURS)
def test_commands_of_containers_exist(service: str) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for program, *words in commands_of(service):
        if program == "oratio":
            commands[words[0]].make_context(words[0], words[1:])
        else:
            assert (program, words[0]) == ("python", "-m")
            assert importlib.util.find_spec(words[1]), words


def test_the_wyoming_server_runs_in_the_image_of_the_gateway() -> None:
    service = SERVICES["wyoming"]
    assert service["image"] == SERVICES["gateway"]["image"]
    assert "\nwyoming==" in (ROOT / "requirements" / "gateway.lock").read_text()
    program, command, *words = service["command"]
    wyoming = get_command(app).commands[command]  # type: ignore[attr-defined]
    parameters = wyoming.make_context(command, words).params
    assert program == "oratio"
    assert parameters["uri"].rpartition(":")[2] == service["ports"][0].rpartition(":")[2]
    assert parameters["url"] == f"http://nginx:{SERVICES['nginx']['ports'][0].rpartition(':')[2]}"


def test_containers_migrate_before_they_start() -> None:
    first_commands = [commands_of(service)[0] for service in OURS if service != "beat"]
    assert all(command == ["oratio", "migrate"] for command in first_commands)


def test_ports_of_nginx_and_gateway_agree() -> None:
    port = environment_of("gateway")["ORATIO_PORT"]
    assert image_of("gateway").last("EXPOSE") == port
    assert f"server gateway:{port} " in (DEPLOYED / "gateways.conf").read_text()
    listens = re.findall(r"^listen (\d+)", (DEPLOYED / "listen.conf").read_text(), re.MULTILINE)
    assert [published.rpartition(":")[2] for published in SERVICES["nginx"]["ports"]] == listens
    assert f"127.0.0.1:{listens[0]}/" in SERVICES["nginx"]["healthcheck"]["test"][-1]


def test_only_nginx_and_wyoming_are_published_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["nginx", "wyoming"]
    for (port,) in published.values():
        assert interpolate(port).startswith("127.0.0.1:")
    assert COMPOSE["networks"]["back"]["internal"] is True
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["back"]


def test_limits_of_nginx_are_slightly_above_those_of_the_gateway() -> None:
    site, defaults = SITE.read_text(), Settings.model_fields
    timeouts_s = [parse_seconds(value) for value in re.findall(r"proxy_read_timeout\s+(\w+);", site)]
    assert min(timeouts_s) > defaults["sync_wait_s"].default
    body = re.search(r"client_max_body_size\s+(\d+)k;", site)
    assert body
    assert 1.0 < int(body[1]) * 1024 / defaults["max_body_bytes"].default < 1.2
    assert "proxy_buffering off;" in site


def test_nginx_repeats_only_posts_that_join_the_job_of_the_first() -> None:
    site = re.sub(r"#.*", "", SITE.read_text())
    assert site.count("non_idempotent") == 1
    location = re.search(r"location ~ \^/v1/audio/speech/\?\$ \{(.*?)\}", site, re.DOTALL)
    assert location
    assert "proxy_next_upstream error non_idempotent;" in location[1]


def test_gateways_drain_for_longer_than_nginx_keeps_idle_connections(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    idle = re.search(r"keepalive_timeout\s+(\w+);", SITE.read_text())
    assert idle
    drain_s = settings_of("gateway", monkeypatch, tmp_path).drain_s
    assert drain_s > parse_seconds(idle[1])
    # It drains twice, and then gives requests ten seconds.
    assert 2 * drain_s + 10 < parse_seconds(SERVICES["gateway"]["stop_grace_period"])


@pytest.mark.parametrize("service", SERVICES)
def test_containers_are_hardened(service: str) -> None:
    definition = SERVICES[service]
    assert definition["read_only"] is True
    assert definition["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in definition["security_opt"]
    assert definition["restart"] == "unless-stopped"
    assert "/tmp" in definition["tmpfs"]


@pytest.mark.parametrize("service", OURS)
def test_our_images_run_as_user_10001(service: str) -> None:
    assert image_of(service).last("USER") == "10001:10001"


def test_third_party_servers_do_not_run_as_root() -> None:
    assert "unprivileged" in SERVICES["nginx"]["image"]
    assert all(not SERVICES[name]["user"].startswith("0") for name in ("postgres", "redis"))


def test_services_depend_only_on_services_with_a_health_check() -> None:
    for service in SERVICES.values():
        for name, dependency in service.get("depends_on", {}).items():
            assert dependency["condition"] == "service_healthy"
            assert "healthcheck" in SERVICES[name] or image_of(name).last("HEALTHCHECK")


def test_the_health_check_of_workers_reads_their_heartbeat_file() -> None:
    image = image_of("worker")
    assert "$ORATIO_ALIVE_FILE" in image.last("HEALTHCHECK")
    assert Path(image.environment["ORATIO_ALIVE_FILE"]).parent == Path("/tmp")


def test_services_that_use_audio_share_one_volume() -> None:
    sharing = [name for name in OURS if "data:/data" in SERVICES[name]["volumes"]]
    assert sharing == ["gateway", *WORKERS, "ops"]
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    assert {name for name in mounted if not name.startswith(".")} == set(COMPOSE["volumes"])
    assert all((ROOT / name).exists() for name in mounted if name.startswith("."))
