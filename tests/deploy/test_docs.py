"""What the documents say, held against what there is: names, commands, paths, endpoints, defaults, licences."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from typer.main import get_command
from websockets.sync.client import connect
from websockets.typing import Origin

from api.app import create_app
from cli.main import app
from common.catalogue import MODELS
from common.settings import Settings
from tests.support.command import Up, environment, up
from tests.support.gateway import run_gateway
from tests.support.nginx import start_nginx
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
ENGLISH, FRENCH = "README.md", "README.fr.md"
READMES = (ENGLISH, FRENCH)
DOCUMENTS = (*READMES, "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", ".env.example")
PAGES = tuple(name for name in DOCUMENTS if name.endswith(".md"))
# Written in pieces, since no file of ours names one.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("anaconda", "org"),
    )
)
MADE_WHERE_IT_RUNS = {"data/logs", "frontend/dist", "frontend/src/api/schema.ts"}

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
ENDPOINT = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) (/\S*)$")
FOLDERS = (
    "api",
    "common",
    "worker",
    "cli",
    "migrations",
    "tests",
    "deploy",
    "docs",
    "requirements",
    "data",
    "frontend",
)


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def blocks(name: str) -> list[tuple[str, str]]:
    """(language, code) of every fenced block."""
    return FENCE.findall(text_of(name))


def prose(name: str) -> str:
    return FENCE.sub("", text_of(name))


def spans(name: str) -> list[str]:
    return SPAN.findall(prose(name))


def headings(name: str) -> list[int]:
    """Their levels, in order."""
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(name), re.MULTILINE)]


def cells(name: str) -> list[list[str]]:
    """Every row of every table."""
    rows = [
        line for line in prose(name).splitlines() if line.startswith("| ") and not line.startswith("| ---")
    ]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def commands(name: str) -> Iterator[list[str]]:
    """The words of every command line in a document, in blocks of shell and in the prose."""
    lines = [line for language, code in blocks(name) if language == "sh" for line in code.splitlines()]
    lines += [line.removeprefix("# ").strip() for span in spans(name) for line in [span]]
    for line in lines:
        if re.match(r"(\.venv/bin/)?oratio \w|make( |$)", line):
            words = shlex.split(line, comments=True)
            yield words[: words.index("<")] if "<" in words else words


def settings_of_code() -> set[str]:
    return {f"ORATIO_{field.upper()}" for field in Settings.model_fields}


@cache
def endpoints_of_code() -> frozenset[tuple[str, str]]:
    paths = create_app(Settings(_env_file=None)).openapi()["paths"]
    return frozenset((method.upper(), path) for path, methods in paths.items() for method in methods)


def test_translations_are_built_alike() -> None:
    assert headings(FRENCH) == headings(ENGLISH)
    assert blocks(FRENCH) == blocks(ENGLISH)
    assert [len(row) for row in cells(FRENCH)] == [len(row) for row in cells(ENGLISH)]


def test_translations_name_the_same_things() -> None:
    assert sorted(set(spans(FRENCH))) == sorted(set(spans(ENGLISH)))
    links = {name: set(LINK.findall(prose(name))) - set(READMES) for name in READMES}
    assert links[FRENCH] == links[ENGLISH]


def test_translations_lead_to_each_other() -> None:
    for name, other in ((ENGLISH, FRENCH), (FRENCH, ENGLISH)):
        assert f"]({other})" in text_of(name).split("\n##")[0]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_settings_that_are_named_exist(name: str) -> None:
    assert set(re.findall(r"ORATIO_[A-Z_]+", text_of(name))) <= settings_of_code()


@pytest.mark.parametrize("name", READMES)
def test_defaults_are_right(name: str) -> None:
    shown = {row[0].strip("`"): row[1].strip("`") for row in cells(name) if row[0].startswith("`ORATIO_")}
    assert "ORATIO_PORT" in shown
    for setting, value in shown.items():
        default = Settings.model_fields[setting.removeprefix("ORATIO_").lower()].default
        if isinstance(default, bool | int | float):
            assert float(value) == default, setting
    assert shown["ORATIO_TTS_PROVIDER"] == Settings.model_fields["tts_provider"].default
    assert shown["ORATIO_DATA_DIR"] == str(Settings.model_fields["data_dir"].default)


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    for target in LINK.findall(prose(name)):
        if not target.startswith(("http://", "https://")):
            assert (ROOT / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("name", PAGES)
def test_paths_that_are_named_exist(name: str) -> None:
    for span in spans(name):
        if re.fullmatch(rf"(?:{'|'.join(FOLDERS)})/[\w./-]+", span) and span not in MADE_WHERE_IT_RUNS:
            assert (ROOT / span).exists(), span


@pytest.mark.parametrize("name", PAGES)
def test_make_targets_that_are_named_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    variables = set(re.findall(r"^([A-Z_]+)\s*[?:]?=|\$\(([A-Z_]+)\)", text_of("Makefile"), re.MULTILINE))
    known = {variable for pair in variables for variable in pair if variable}
    for program, *words in commands(name):
        if program == "make":
            assert {word for word in words if "=" not in word} <= targets, words
            assert {word.partition("=")[0] for word in words if "=" in word} <= known, words


@pytest.mark.parametrize("name", PAGES)
def test_oratio_commands_that_are_named_exist(name: str) -> None:
    known = get_command(app).commands  # type: ignore[attr-defined]
    for program, *words in commands(name):
        if program != "make":
            assert words[0] in known, words
            known[words[0]].make_context(words[0], words[1:])


@pytest.mark.parametrize("name", PAGES)
def test_endpoints_that_are_named_exist(name: str) -> None:
    named = {
        (found[1], found[2].partition("?")[0]) for span in spans(name) if (found := ENDPOINT.match(span))
    }
    assert named <= endpoints_of_code()


@pytest.mark.parametrize("name", READMES)
def test_every_endpoint_is_named(name: str) -> None:
    assert endpoints_of_code() <= {
        (found[1], found[2]) for span in spans(name) if (found := ENDPOINT.match(span))
    }


@pytest.mark.parametrize("name", READMES)
def test_every_model_is_shown_with_its_licence(name: str) -> None:
    rows = {row[0]: row for row in cells(name) if row[0].startswith("[")}
    for model in MODELS.values():
        row = next(row for first, row in rows.items() if f"/{model.hub_id})" in first)
        assert row[2].startswith(model.license)
        assert "CC-BY-NC" not in model.license or len(row[2]) > len(model.license)


@pytest.mark.parametrize("name", READMES)
def test_code_can_be_read(name: str) -> None:
    for language, code in blocks(name):
        if language == "python":
            ast.parse(code)
        elif language == "sh":
            subprocess.run(["bash", "-n"], input=code, text=True, check=True)


def test_the_picture_is_drawn_well() -> None:
    drawn = ElementTree.parse(ROOT / "docs" / "architecture.svg").getroot()
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    named = [child.tag.rpartition("}")[2] for child in drawn]
    assert {"title", "desc"} <= set(named)


@pytest.mark.parametrize("name", [*DOCUMENTS, "docs/architecture.svg"])
def test_no_registry_is_named(name: str) -> None:
    assert not [host for host in REGISTRIES if host in text_of(name).lower()]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("readme") / "data") as running:
        yield running


def section(name: str, heading: str) -> list[tuple[str, str]]:
    """The blocks below a heading."""
    return FENCE.findall(text_of(name).partition(f"\n## {heading}\n")[2].partition("\n## ")[0])


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_first_request_works_as_it_is_written(service: Up, tmp_path: Path) -> None:
    found = section(ENGLISH, "A first request")
    assert {language for language, _ in found} == {"sh", "python"}
    for language, code in found:
        done = run_block(language, code, service, folder=tmp_path)
        assert done.returncode == 0, (code, done.stderr)
        assert "/events" not in code or "event: completed" in done.stdout
    assert (tmp_path / "hello.wav").read_bytes()[:4] == b"RIFF"
    assert (tmp_path / "hello.flac").read_bytes()[:4] == b"fLaC"
    assert (tmp_path / "hello.ogg").read_bytes()[:4] == b"OggS"
    for name in ("hello.mp3", "letter.mp3"):
        assert (tmp_path / name).stat().st_size > 5_000


@pytest.mark.parametrize("end", ["", "/"])
def test_a_proxy_serves_it_below_a_path_as_it_is_written(
    settings: Settings, tmp_path: Path, end: str
) -> None:
    (location,) = (code for language, code in blocks(ENGLISH) if language == "nginx")
    (tmp_path / "index.html").write_text("<p>The studio.</p>")
    told = settings.model_copy(update={"frontend_dir": tmp_path, "root_path": "/speech"})
    with run_gateway(told) as gateway:
        there = location.replace("http://127.0.0.1:8000;", f"{gateway.url}{end};")
        site = tmp_path / "site.conf"
        site.write_text(f"log_format oratio '$uri';\nserver {{ include listen.conf;\n{there} }}\n")
        with (
            start_nginx(tmp_path / "nginx", port=free_port(), site=site) as url,
            httpx.Client(base_url=f"{url}/speech", trust_env=False) as client,
        ):
            assert client.get("/app/").text == "<p>The studio.</p>"
            job = client.post("/synthesize?async_mode=true", json={"text": "Hello."})
            assert job.headers["location"] == f"/speech/jobs/{job.json()['job_id']}"
            assert client.get(f"/jobs/{job.json()['job_id']}").status_code == 200
            # As a browser does: the service refuses pages of other hosts.
            asked = connect(f"ws{url.removeprefix('http')}/speech/v1/audio/speech/stream", origin=Origin(url))
            with asked as conversation:
                conversation.send('{"type": "input.done"}')
                assert '"error"' in str(conversation.recv(timeout=10))


def run_block(language: str, code: str, service: Up, *, folder: Path) -> subprocess.CompletedProcess[str]:
    """As a reader would, but for the address and for where `oratio` lies."""
    there = code.replace("http://127.0.0.1:8000", service.address.url)
    program = ["bash", "-euo", "pipefail"] if language == "sh" else [sys.executable, "-"]
    return subprocess.run(
        program,
        input=there.replace(".venv/bin/oratio", f"{sys.executable} -m cli.main"),
        text=True,
        capture_output=True,
        cwd=folder,
        env=environment(data_dir=str(service.data_dir)),
        timeout=60,
        check=False,
    )
