"""The documents agree with the code: names, commands, paths, endpoints, settings, defaults, licences and links."""

import ast
import posixpath
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from pydantic_core import PydanticUndefined
from typer.main import get_command
from websockets.sync.client import connect
from websockets.typing import Origin

from api.app import create_app
from cli.main import app
from cli.studio.nodejs import find_node
from common.catalogue import MODELS
from common.settings import Settings
from tests.support.command import Up, environment, up
from tests.support.gateway import run_gateway
from tests.support.nginx import start_nginx
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
ENGLISH, FRENCH = "README.md", "README.fr.md"
READMES = (ENGLISH, FRENCH)
HTTP_API, COMMAND_LINE, SETTINGS = "docs/http-api.md", "docs/command-line.md", "docs/settings.md"
MODEL_PAGE, OPERATIONS = "docs/models.md", "docs/operations.md"
OPENAI_SDK = "docs/clients/openai-sdk.md"
PAGES = (
    *READMES,
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "bench/RESULTS.md",
    "tests/README.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
)
DOCUMENTS = (*PAGES, ".env.example")
MAX_LINES = {ENGLISH: 250, FRENCH: 250, "ARCHITECTURE.md": 150}
# Variables of the command line, which are not settings of the service, and older names that still work.
COMMAND_VARIABLES = {"ORATIO_URL", "ORATIO_WORKER_INSTANCES"}
OTHER_NAMES = {"HF_TOKEN": "hf_token", "HF_ENDPOINT": "hf_endpoint"}
# Built from parts, because a test checks that no file names one.
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
CREATED_AT_RUN_TIME = {"data/logs", "frontend/dist", "frontend/shots", "frontend/src/api/schema.ts"}

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
ENDPOINT = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) (/\S*)$")
ERROR_CODE = re.compile(r"""\bcode(?:: str)? ?= ?"([a-z_]+)\"""")
FOLDERS = (
    "api",
    "bench",
    "common",
    "worker",
    "cli",
    "migrations",
    "tests",
    "deploy",
    "docs",
    "requirements",
    "scripts",
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


def links(name: str) -> list[str]:
    """The targets of the links and pictures. A code span may look like a link."""
    return LINK.findall(SPAN.sub("", prose(name)))


def heading_levels(name: str) -> list[int]:
    return [len(marks) for marks, _ in HEADING.findall(prose(name))]


def anchors(name: str) -> set[str]:
    """The anchors that GitHub gives to the headings."""
    titles = (title.lower().replace(" ", "-") for _, title in HEADING.findall(prose(name)))
    return {re.sub(r"[^\w-]", "", title) for title in titles}


def cells(name: str) -> list[list[str]]:
    """Every row of every table."""
    rows = [
        line for line in prose(name).splitlines() if line.startswith("| ") and not line.startswith("| ---")
    ]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def commands(name: str) -> Iterator[list[str]]:
    """The words of every command line of a document, in shell blocks and in the prose."""
    lines = [line for language, code in blocks(name) if language == "sh" for line in code.splitlines()]
    for line in [*lines, *spans(name)]:
        if re.match(r"(\.venv[\w-]*/bin/)?oratio \w|make( |$)", line):
            words = shlex.split(line, comments=True)
            end = next((at for at, word in enumerate(words) if word in ("<", ">", "|")), len(words))
            yield words[:end]


def setting_names() -> set[str]:
    return {f"ORATIO_{field.upper()}" for field in Settings.model_fields}


def documented_defaults(name: str) -> dict[str, str]:
    """The default of every setting that a table of the document has, by field."""
    rows = {row[0].strip("`"): row[1].strip("`") for row in cells(name) if len(row) > 1}
    fields = {setting: setting.removeprefix("ORATIO_").lower() for setting in setting_names()} | OTHER_NAMES
    return {field: rows[setting] for setting, field in fields.items() if setting in rows}


@cache
def openapi() -> dict[str, Any]:
    return create_app(Settings(_env_file=None)).openapi()


def endpoints_of_code() -> frozenset[tuple[str, str]]:
    return frozenset(
        (method.upper(), path) for path, methods in openapi()["paths"].items() for method in methods
    )


def endpoints_of(name: str) -> set[tuple[str, str]]:
    found = filter(None, map(ENDPOINT.match, spans(name)))
    return {(match[1], match[2].partition("?")[0]) for match in found}


def request_fields() -> Iterator[str]:
    """The names of all query parameters and of all fields of request bodies."""
    schemas = openapi()["components"]["schemas"]
    for methods in openapi()["paths"].values():
        for operation in methods.values():
            yield from (one["name"] for one in operation.get("parameters", ()) if one["in"] == "query")
            for reference in re.findall(r"#/components/schemas/(\w+)", str(operation.get("requestBody"))):
                yield from schemas[reference]["properties"]


def command_tree(command: Any, path: str = "oratio") -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from command_tree(child, f"{path} {name}")


def test_readmes_have_the_same_structure() -> None:
    assert heading_levels(FRENCH) == heading_levels(ENGLISH)
    assert blocks(FRENCH) == blocks(ENGLISH)
    assert [len(row) for row in cells(FRENCH)] == [len(row) for row in cells(ENGLISH)]


def test_readmes_name_the_same_things() -> None:
    assert sorted(set(spans(FRENCH))) == sorted(set(spans(ENGLISH)))
    assert set(links(FRENCH)) - set(READMES) == set(links(ENGLISH)) - set(READMES)


def test_readmes_link_to_each_other() -> None:
    for name, other in ((ENGLISH, FRENCH), (FRENCH, ENGLISH)):
        assert f"]({other})" in text_of(name).split("\n##")[0]


def test_the_readme_links_to_every_page_of_docs() -> None:
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")}
    assert pages <= set(links(ENGLISH))


@pytest.mark.parametrize("name", MAX_LINES)
def test_entry_pages_are_short(name: str) -> None:
    assert len(text_of(name).splitlines()) <= MAX_LINES[name]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_named_settings_exist(name: str) -> None:
    assert set(re.findall(r"ORATIO_[A-Z_]+", text_of(name))) <= setting_names() | COMMAND_VARIABLES


def test_every_setting_is_documented() -> None:
    assert set(documented_defaults(SETTINGS)) == Settings.model_fields.keys()


@pytest.mark.parametrize("name", [*READMES, SETTINGS])
def test_documented_defaults_are_right(name: str) -> None:
    documented = documented_defaults(name)
    assert "port" in documented
    for field, shown in documented.items():
        default = Settings.model_fields[field].default
        if isinstance(default, bool | int | float):
            assert float(shown) == default, field
        elif default is PydanticUndefined:
            assert shown == "{}", field
        elif default in (None, ""):
            assert name in READMES or shown == "empty", field
        # The READMEs describe the default of a URL in words.
        elif name == SETTINGS or not field.endswith("_url"):
            assert shown == str(default), field


@pytest.mark.parametrize("name", PAGES)
def test_links_resolve(name: str) -> None:
    for link in links(name):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
        assert (ROOT / target).exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("name", PAGES)
def test_named_paths_exist(name: str) -> None:
    for span in spans(name):
        if re.fullmatch(rf"(?:{'|'.join(FOLDERS)})/[\w./-]+", span) and span not in CREATED_AT_RUN_TIME:
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
def test_named_commands_exist(name: str) -> None:
    known = get_command(app).commands  # type: ignore[attr-defined]
    for program, *words in commands(name):
        if program != "make":
            assert words[0] in known, words
            if words[1:]:
                known[words[0]].make_context(words[0], words[1:])


def test_every_command_and_option_is_documented() -> None:
    named = {word for span in spans(COMMAND_LINE) for word in span.split()}
    for path, command in command_tree(get_command(app)):
        assert path.split()[-1] in named or path.endswith(" list"), path
        options = {name for one in command.params for name in one.opts if name.startswith("--")}
        assert options - {"--show-completion"} <= named, path


@pytest.mark.parametrize("name", PAGES)
def test_named_endpoints_exist(name: str) -> None:
    assert endpoints_of(name) <= endpoints_of_code()


def test_every_endpoint_is_documented() -> None:
    assert endpoints_of_code() <= endpoints_of(HTTP_API)


def test_every_field_of_a_request_is_documented() -> None:
    named = {word for span in spans(HTTP_API) for word in re.findall(r"\w+", span)}
    assert set(request_fields()) <= named


def test_every_error_code_of_the_gateway_is_documented() -> None:
    code = "".join(path.read_text() for path in (ROOT / "api").rglob("*.py")) + text_of("common/errors.py")
    assert set(ERROR_CODE.findall(code)) <= set(spans(HTTP_API))


@pytest.mark.parametrize("name", [*READMES, MODEL_PAGE])
def test_every_model_is_shown_with_its_licence(name: str) -> None:
    rows = {row[0]: row for row in cells(name) if row[0].startswith("[")}
    for model in MODELS.values():
        row = next(row for first, row in rows.items() if f"/{model.hub_id})" in first)
        licence = next(cell for cell in row if cell.startswith(model.license))
        assert "CC-BY-NC" not in model.license or len(licence) > len(model.license)


@pytest.mark.parametrize("name", PAGES)
def test_code_blocks_parse(name: str) -> None:
    for language, code in blocks(name):
        if language == "python":
            ast.parse(code)
        elif language == "sh":
            subprocess.run(["bash", "-n"], input=code, text=True, check=True)


def test_the_drawing_has_a_title_and_a_description() -> None:
    drawing = ElementTree.parse(ROOT / "docs" / "architecture.svg").getroot()
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    names = [child.tag.rpartition("}")[2] for child in drawing]
    assert {"title", "desc"} <= set(names)


@pytest.mark.parametrize("name", [*DOCUMENTS, "docs/architecture.svg"])
def test_no_registry_is_named(name: str) -> None:
    assert not [host for host in REGISTRIES if host in text_of(name).lower()]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("docs") / "data") as running:
        yield running


def section(name: str, heading: str) -> list[tuple[str, str]]:
    """The blocks below a heading of the second level; all blocks of the document for an empty one."""
    text = text_of(name).partition(f"\n## {heading}\n")[2].partition("\n## ")[0] if heading else text_of(name)
    return FENCE.findall(text)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize(
    ("name", "heading", "files"),
    [
        (ENGLISH, "Speak a text", ("hello.wav", "stream.mp3", "morning.mp3", "night.wav", "night.srt")),
        (HTTP_API, "", ("hello.mp3", "hello.flac", "python.mp3", "part.mp3", "train.zip")),
        (
            COMMAND_LINE,
            "Examples",
            ("hello.wav", "letter.mp3", "night.srt", "stream.wav", "speech.zip", "train.ogg"),
        ),
        (COMMAND_LINE, "Python client", ("client.mp3",)),
        (OPENAI_SDK, "Python", ("openai.mp3", "seed.wav")),
        ("docs/clients/elevenlabs-sdk.md", "", ("eleven.mp3",)),
    ],
)
def test_examples_run(service: Up, tmp_path: Path, name: str, heading: str, files: tuple[str, ...]) -> None:
    for language, code in section(name, heading):
        result = run_block(language, code, service, folder=tmp_path)
        assert result.returncode == 0, (code, result.stderr)
        assert "/events" not in code or "event: completed" in result.stdout
    for file in files:
        content = (tmp_path / file).read_bytes()
        assert len(content) > (5_000 if content[:1] != b"1" else 10), file  # captions begin with a number
        signature = {".wav": b"RIFF", ".flac": b"fLaC", ".ogg": b"OggS", ".zip": b"PK"}.get(Path(file).suffix)
        assert content.startswith(signature or b""), file


NODE_MODULES = ROOT / "frontend" / "node_modules"


@pytest.mark.skipif(not (NODE_MODULES / "openai").exists(), reason="the studio's packages are not installed")
def test_the_javascript_example_runs(service: Up, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    ((language, code),) = section(OPENAI_SDK, "JavaScript")
    (tmp_path / "example.mjs").write_text(code.replace("http://127.0.0.1:8000", service.address.url))
    result = subprocess.run(
        [find_node().program, "example.mjs"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (language, result.returncode, result.stdout) == ("js", 0, "true\n"), result.stderr
    assert len((tmp_path / "javascript.mp3").read_bytes()) > 5_000


@pytest.mark.parametrize("end", ["", "/"])
def test_the_proxy_example_serves_the_service_below_a_path(
    settings: Settings, tmp_path: Path, end: str
) -> None:
    (location,) = (code for language, code in blocks(OPERATIONS) if language == "nginx")
    (tmp_path / "index.html").write_text("<p>The studio.</p>")
    changed = settings.model_copy(update={"frontend_dir": tmp_path, "root_path": "/speech"})
    with run_gateway(changed) as gateway:
        location = location.replace("http://127.0.0.1:8000;", f"{gateway.url}{end};")
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
            # A browser sends the origin. The service refuses pages of other hosts.
            address = f"ws{url.removeprefix('http')}/speech/v1/audio/speech/stream"
            with connect(address, origin=Origin(url)) as websocket:
                websocket.send('{"type": "input.done"}')
                assert '"error"' in str(websocket.recv(timeout=10))


def run_block(language: str, code: str, service: Up, *, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block as a reader does, with the address of the test's service and the `oratio` of this environment."""
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
