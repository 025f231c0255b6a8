"""The documents name only settings, commands, paths and endpoints that exist, with the right defaults and licences."""

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
# Assembled from parts, because no file of the project may contain the name of a registry.
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
GENERATED_PATHS = {"data/logs", "frontend/dist", "frontend/src/api/schema.ts"}

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
    """Return (language, code) of each fenced block."""
    return FENCE.findall(text_of(name))


def prose(name: str) -> str:
    return FENCE.sub("", text_of(name))


def spans(name: str) -> list[str]:
    return SPAN.findall(prose(name))


def headings(name: str) -> list[int]:
    """Return the levels of the headings, in order."""
    return [len(marks) for marks in re.findall(r"^(#+) ", prose(name), re.MULTILINE)]


def cells(name: str) -> list[list[str]]:
    """Return the rows of all tables."""
    rows = [
        line for line in prose(name).splitlines() if line.startswith("| ") and not line.startswith("| ---")
    ]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def commands(name: str) -> Iterator[list[str]]:
    """Yield the words of each command line in the document, from shell blocks and from the prose."""
    lines = [line for language, code in blocks(name) if language == "sh" for line in code.splitlines()]
    lines += [span.removeprefix("# ").strip() for span in spans(name)]
    for line in lines:
        if re.match(r"(\.venv/bin/)?oratio \w|make( |$)", line):
            words = shlex.split(line, comments=True)
            yield words[: words.index("<")] if "<" in words else words


def setting_names() -> set[str]:
    return {f"ORATIO_{field.upper()}" for field in Settings.model_fields}


@cache
def api_endpoints() -> frozenset[tuple[str, str]]:
    paths = create_app(Settings(_env_file=None)).openapi()["paths"]
    return frozenset((method.upper(), path) for path, methods in paths.items() for method in methods)


def test_translations_have_the_same_structure() -> None:
    assert headings(FRENCH) == headings(ENGLISH)
    assert blocks(FRENCH) == blocks(ENGLISH)
    assert [len(row) for row in cells(FRENCH)] == [len(row) for row in cells(ENGLISH)]


def test_translations_name_the_same_things() -> None:
    assert sorted(set(spans(FRENCH))) == sorted(set(spans(ENGLISH)))
    links = {name: set(LINK.findall(prose(name))) - set(READMES) for name in READMES}
    assert links[FRENCH] == links[ENGLISH]


def test_translations_link_to_each_other() -> None:
    for name, other in ((ENGLISH, FRENCH), (FRENCH, ENGLISH)):
        assert f"]({other})" in text_of(name).split("\n##")[0]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_named_settings_exist(name: str) -> None:
    assert set(re.findall(r"ORATIO_[A-Z_]+", text_of(name))) <= setting_names()


@pytest.mark.parametrize("name", READMES)
def test_documented_defaults_are_right(name: str) -> None:
    documented = {
        row[0].strip("`"): row[1].strip("`") for row in cells(name) if row[0].startswith("`ORATIO_")
    }
    assert "ORATIO_PORT" in documented
    for setting, value in documented.items():
        default = Settings.model_fields[setting.removeprefix("ORATIO_").lower()].default
        if isinstance(default, bool | int | float):
            assert float(value) == default, setting
    assert documented["ORATIO_TTS_PROVIDER"] == Settings.model_fields["tts_provider"].default
    assert documented["ORATIO_DATA_DIR"] == str(Settings.model_fields["data_dir"].default)


@pytest.mark.parametrize("name", PAGES)
def test_targets_of_relative_links_exist(name: str) -> None:
    for target in LINK.findall(prose(name)):
        if not target.startswith(("http://", "https://")):
            assert (ROOT / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("name", PAGES)
def test_named_paths_exist(name: str) -> None:
    for span in spans(name):
        if re.fullmatch(rf"(?:{'|'.join(FOLDERS)})/[\w./-]+", span) and span not in GENERATED_PATHS:
            assert (ROOT / span).exists(), span


@pytest.mark.parametrize("name", PAGES)
def test_named_make_targets_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    variables = set(re.findall(r"^([A-Z_]+)\s*[?:]?=|\$\(([A-Z_]+)\)", text_of("Makefile"), re.MULTILINE))
    known = {variable for pair in variables for variable in pair if variable}
    for program, *words in commands(name):
        if program == "make":
            assert {word for word in words if "=" not in word} <= targets, words
            assert {word.partition("=")[0] for word in words if "=" in word} <= known, words


@pytest.mark.parametrize("name", PAGES)
def test_named_oratio_commands_exist(name: str) -> None:
    known = get_command(app).commands  # type: ignore[attr-defined]
    for program, *words in commands(name):
        if program != "make":
            assert words[0] in known, words
            known[words[0]].make_context(words[0], words[1:])


@pytest.mark.parametrize("name", PAGES)
def test_named_endpoints_exist(name: str) -> None:
    named = {
        (found[1], found[2].partition("?")[0]) for span in spans(name) if (found := ENDPOINT.match(span))
    }
    assert named <= api_endpoints()


@pytest.mark.parametrize("name", READMES)
def test_the_readme_names_every_endpoint(name: str) -> None:
    assert api_endpoints() <= {
        (found[1], found[2]) for span in spans(name) if (found := ENDPOINT.match(span))
    }


@pytest.mark.parametrize("name", READMES)
def test_the_readme_names_every_model_with_its_licence(name: str) -> None:
    rows = {row[0]: row for row in cells(name) if row[0].startswith("[")}
    for model in MODELS.values():
        row = next(row for first, row in rows.items() if f"/{model.hub_id})" in first)
        assert row[2].startswith(model.license)
        assert "CC-BY-NC" not in model.license or len(row[2]) > len(model.license)


@pytest.mark.parametrize("name", READMES)
def test_code_blocks_have_valid_syntax(name: str) -> None:
    for language, code in blocks(name):
        if language == "python":
            ast.parse(code)
        elif language == "sh":
            subprocess.run(["bash", "-n"], input=code, text=True, check=True)


def test_the_architecture_picture_has_a_title_and_a_description() -> None:
    svg = ElementTree.parse(ROOT / "docs" / "architecture.svg").getroot()
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    tags = {child.tag.rpartition("}")[2] for child in svg}
    assert {"title", "desc"} <= tags


@pytest.mark.parametrize("name", [*DOCUMENTS, "docs/architecture.svg"])
def test_no_document_names_a_registry(name: str) -> None:
    assert not [host for host in REGISTRIES if host in text_of(name).lower()]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("readme") / "data") as running:
        yield running


def section(name: str, heading: str) -> list[tuple[str, str]]:
    """Return the blocks of a section."""
    return FENCE.findall(text_of(name).partition(f"\n## {heading}\n")[2].partition("\n## ")[0])


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_first_request_in_the_readme_works(service: Up, tmp_path: Path) -> None:
    examples = section(ENGLISH, "A first request")
    assert {language for language, _ in examples} == {"sh", "python"}
    for language, code in examples:
        done = run_block(language, code, service, folder=tmp_path)
        assert done.returncode == 0, (code, done.stderr)
        assert "/events" not in code or "event: completed" in done.stdout
    assert (tmp_path / "hello.wav").read_bytes()[:4] == b"RIFF"
    assert (tmp_path / "hello.flac").read_bytes()[:4] == b"fLaC"
    assert (tmp_path / "hello.ogg").read_bytes()[:4] == b"OggS"
    for name in ("hello.mp3", "letter.mp3"):
        assert (tmp_path / name).stat().st_size > 5_000


@pytest.mark.parametrize("suffix", ["", "/"])
def test_the_proxy_configuration_in_the_readme_serves_below_a_path(
    settings: Settings, tmp_path: Path, suffix: str
) -> None:
    (location,) = (code for language, code in blocks(ENGLISH) if language == "nginx")
    (tmp_path / "index.html").write_text("<p>The studio.</p>")
    settings = settings.model_copy(update={"frontend_dir": tmp_path, "root_path": "/speech"})
    with run_gateway(settings) as gateway:
        location = location.replace("http://127.0.0.1:8000;", f"{gateway.url}{suffix};")
        site = tmp_path / "site.conf"
        site.write_text(f"log_format oratio '$uri';\nserver {{ include listen.conf;\n{location} }}\n")
        with (
            start_nginx(tmp_path / "nginx", port=free_port(), site=site) as url,
            httpx.Client(base_url=f"{url}/speech", trust_env=False) as client,
        ):
            assert client.get("/app/").text == "<p>The studio.</p>"
            job = client.post("/synthesize?async_mode=true", json={"text": "Hello."})
            assert job.headers["location"] == f"/speech/jobs/{job.json()['job_id']}"
            assert client.get(f"/jobs/{job.json()['job_id']}").status_code == 200
            # Sends an Origin header like a browser, because the service refuses pages of other hosts.
            address = f"ws{url.removeprefix('http')}/speech/v1/audio/speech/stream"
            with connect(address, origin=Origin(url)) as connection:
                connection.send('{"type": "input.done"}')
                assert '"error"' in str(connection.recv(timeout=10))


def run_block(language: str, code: str, service: Up, *, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run an example with the address of the test service and the `oratio` of this environment."""
    code = code.replace("http://127.0.0.1:8000", service.address.url)
    program = ["bash", "-euo", "pipefail"] if language == "sh" else [sys.executable, "-"]
    return subprocess.run(
        program,
        input=code.replace(".venv/bin/oratio", f"{sys.executable} -m cli.main"),
        text=True,
        capture_output=True,
        cwd=folder,
        env=environment(data_dir=str(service.data_dir)),
        timeout=60,
        check=False,
    )
