"""Parses docker-compose.yml and the Dockerfiles far enough to compare them with the code."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = tuple(name for name, service in SERVICES.items() if "build" in service)

# The values that a user must set in .env. Everything else has a default.
SECRETS = {"POSTGRES_PASSWORD": "postgres0secret", "REDIS_PASSWORD": "redis0secret"}

_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\})")


@dataclass(frozen=True, slots=True)
class Stage:
    """A `FROM` of a Dockerfile with its instructions, as (keyword, rest) pairs."""

    name: str
    base: str
    instructions: tuple[tuple[str, str], ...]

    def all(self, keyword: str) -> list[str]:
        return [rest for name, rest in self.instructions if name == keyword]


@dataclass(frozen=True, slots=True)
class Image:
    """A target with the stages that it is built on, from the first to the last."""

    stages: tuple[Stage, ...]

    def last(self, keyword: str) -> str:
        """The last instruction of a kind, such as `USER`, which is the one in effect. Raises IndexError without one."""
        return [rest for stage in self.stages for rest in stage.all(keyword)][-1]

    @property
    def environment(self) -> dict[str, str]:
        pairs = [pair for stage in self.stages for rest in stage.all("ENV") for pair in shlex.split(rest)]
        return dict(pair.split("=", 1) for pair in pairs)


def interpolate(value: object, variables: Mapping[str, str] = SECRETS) -> str:
    """Interpolate `$$`, `${NAME}`, `${NAME:-default}` and `${NAME:?message}` as Docker Compose does."""

    def replace(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        if found["name"] in variables:
            return variables[found["name"]]
        assert found["kind"] == "-", f"{found['name']} has no value and no default"
        return found["rest"]

    return _VARIABLE.sub(replace, str(value))


def dockerfile(name: str) -> dict[str, Stage]:
    """The stages by name. As in Docker, a stage without a name has its index as its name."""
    stages: dict[str, Stage] = {}
    for keyword, rest in _instructions((ROOT / name).read_text()):
        if keyword == "FROM":
            base, _, alias = rest.partition(" AS ")
            stage = Stage(alias or str(len(stages)), base, ())
        elif stages:
            stage = next(reversed(stages.values()))
            stage = Stage(stage.name, stage.base, (*stage.instructions, (keyword, rest)))
        else:
            continue  # An ARG before the first FROM.
        stages[stage.name] = stage
    return stages


def image_of(service: str) -> Image:
    build = SERVICES[service]["build"]
    stages = dockerfile(build["dockerfile"])
    stage: Stage | None = stages[build["target"]] if "target" in build else next(reversed(stages.values()))
    chain: list[Stage] = []
    while stage:
        chain.insert(0, stage)
        stage = stages.get(stage.base)
    return Image(tuple(chain))


def environment_of(service: str) -> dict[str, str]:
    """The environment of a container if .env sets only the secrets."""
    given = SERVICES[service]["environment"]
    return image_of(service).environment | {k: interpolate(v) for k, v in given.items() if v is not None}


def commands_of(service: str) -> list[list[str]]:
    """The commands that a container runs one after the other, without the shell."""
    given = SERVICES[service].get("command") or json.loads(image_of(service).last("CMD"))
    words = [interpolate(word) for word in given]
    lines = [shlex.split(line) for line in words[2].split("&&")] if words[:2] == ["sh", "-c"] else [words]
    return [line[1:] if line[0] == "exec" else line for line in lines if line[0] != ":"]


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        keyword, _, rest = line.strip().partition(" ")
        yield keyword.upper(), rest.strip()
