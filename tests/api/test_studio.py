"""The studio's page and files over HTTP: what is served, under which policy, and what never leaves its folder."""

import base64
import gzip
import hashlib
import http.client
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.studio import files
from common.settings import Settings
from tests.support.gateway import Running, run_gateway

PAGE = '<!doctype html><html><head><meta name="style-nonce" content="__ORATIO_STYLE_NONCE__"></head></html>'
SCRIPT = b"console.log('speech');" * 50
ZIPPED = gzip.compress(SCRIPT, mtime=0)
PLAIN = {"Accept-Encoding": "identity"}
BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As the build leaves it. Beside it lies a file that must never be served."""
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(PAGE)
    (built / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (built / "assets" / "main-1a2b.js").write_bytes(SCRIPT)
    (built / "assets" / "main-1a2b.js.br").write_bytes(b"as brotli")
    (built / "assets" / "main-1a2b.js.gz").write_bytes(ZIPPED)
    (built / "assets" / "type-3c4d.woff2").write_bytes(b"wOF2")
    (tmp_path / "secret.txt").write_text("hush")
    return built


@pytest.fixture
def gateway(settings: Settings, folder: Path) -> Iterator[Running]:
    with run_gateway(settings.model_copy(update={"frontend_dir": folder})) as running:
        yield running


def raw_status(gateway: Running, path: str) -> tuple[int, bytes]:
    """Of a path that goes out as it is written, which httpx would tidy."""
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=10)
    connection.putrequest("GET", path, skip_host=False)
    connection.endheaders()
    answer = connection.getresponse()
    said = answer.status, answer.read()
    connection.close()
    return said


def test_the_page_has_a_nonce_that_is_new_each_time(gateway: Running) -> None:
    seen = set()
    for _ in range(3):
        answer = gateway.client.get("/app/")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        (nonce,) = re.findall(r"style-src 'self' 'nonce-([^']+)';", answer.headers["content-security-policy"])
        assert answer.text == PAGE.replace("__ORATIO_STYLE_NONCE__", nonce)
        assert len(base64.urlsafe_b64decode(nonce + "==")) == 16
        seen.add(nonce)
    assert len(seen) == 3


@pytest.mark.parametrize(
    "path", ["/app", "/app/", "/app/icon.svg", "/app/assets/main-1a2b.js", "/app/nothing.js"]
)
def test_every_answer_is_confined(gateway: Running, path: str) -> None:
    headers = gateway.client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["worker-src"] == "'self'"
    assert policy["media-src"] == "'self' blob:"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_page_that_the_browser_has_keeps_the_policy_it_came_with(gateway: Running, folder: Path) -> None:
    first = gateway.client.get("/app/").headers
    assert first["cache-control"] == "no-cache"
    again = gateway.client.get("/app/", headers={"If-None-Match": first["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "content-security-policy" not in again.headers  # its nonce would not be the page's

    (folder / "index.html").write_text(PAGE.replace("html>", "html lang='en'>", 1))
    assert gateway.client.get("/app/", headers={"If-None-Match": first["etag"]}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encoding", "content"),
    [
        ("gzip, deflate, br", "br", b"as brotli"),
        ("gzip;q=1.0, br;q=0", "gzip", ZIPPED),
        ("GZIP", "gzip", ZIPPED),
        ("*", "br", b"as brotli"),
        ("identity, br; q=0.0, *;q=0", None, SCRIPT),
        ("", None, SCRIPT),
    ],
)
def test_a_file_comes_in_the_encoding_that_the_client_takes(
    gateway: Running, accepted: str, encoding: str | None, content: bytes
) -> None:
    with gateway.client.stream(
        "GET", "/app/assets/main-1a2b.js", headers={"Accept-Encoding": accepted}
    ) as answer:
        assert b"".join(answer.iter_raw()) == content
        assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    known = {"Accept-Encoding": accepted, "If-None-Match": answer.headers["etag"]}
    assert gateway.client.get("/app/assets/main-1a2b.js", headers=known).status_code == 304


def test_what_has_no_smaller_form_comes_as_it_is(gateway: Running) -> None:
    font = gateway.client.get("/app/assets/type-3c4d.woff2")
    assert (font.content, font.headers["content-type"]) == (b"wOF2", "font/woff2")
    assert "content-encoding" not in font.headers
    icon = gateway.client.get("/app/icon.svg")
    assert (icon.headers["content-type"], icon.headers["cache-control"]) == ("image/svg+xml", "no-cache")


@pytest.mark.parametrize("path", ["/", "/app", "/app/", "/app/icon.svg", "/app/assets/main-1a2b.js"])
def test_head_is_get_without_the_body(gateway: Running, path: str) -> None:
    head, get = gateway.client.head(path), gateway.client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers.get("content-length") == get.headers.get("content-length")


@pytest.mark.parametrize(
    "path",
    [
        "/app/../secret.txt",
        "/app/%2e%2e/secret.txt",
        "/app/..%2fsecret.txt",
        "/app/assets/..%2f..%2fsecret.txt",
        "/app/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/app/..%5csecret.txt",
        "/app//etc/passwd",
        "/app/%2fetc/passwd",
        "/app/secret.txt%00.js",
        "/app/icon.svg%00",
        "/app/.hidden.txt",
        "/app/assets",
        "/app/assets/",
        "/app/build-error.txt",
        "/app/linked.txt",
        "/app/linked/secret.txt",
        "/app/main.py",
    ],
)
def test_nothing_else_is_served(gateway: Running, folder: Path, path: str) -> None:
    (folder / "linked.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "linked").symlink_to(folder.parent)
    for name in (".hidden.txt", "build-error.txt", "main.py"):
        (folder / name).write_text("hush")
    status, body = raw_status(gateway, path)
    assert status == 404
    assert b"hush" not in body


def test_a_folder_that_is_a_link_is_served(settings: Settings, folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(folder)
    with run_gateway(settings.model_copy(update={"frontend_dir": link})) as gateway:
        assert gateway.client.get("/app/").status_code == 200
        assert gateway.client.get("/app/icon.svg").status_code == 200


def test_a_browser_is_led_to_the_studio_and_a_program_to_the_description(
    gateway: Running, folder: Path
) -> None:
    def led(headers: dict[str, str]) -> str:
        return gateway.client.get("/", headers=headers).headers["location"]

    assert led(BROWSER) == "/app/"
    assert led({"Accept": "*/*"}) == "/docs"
    assert gateway.client.get("/app?page=2").headers["location"] == "/app/?page=2"
    (folder / "index.html").unlink()
    assert led(BROWSER) == "/docs"


def test_the_page_by_its_file_name_is_the_page_with_its_nonce(gateway: Running) -> None:
    answer = gateway.client.get("/app/index.html?x=1")
    assert (answer.status_code, answer.headers["location"]) == (307, "/app/?x=1")


def test_below_a_prefix_it_leads_to_itself(settings: Settings, folder: Path) -> None:
    prefixed = settings.model_copy(update={"frontend_dir": folder, "root_path": "/speech"})
    with run_gateway(prefixed) as gateway:
        for prefix in ("", "/speech"):  # some proxies strip it, some pass it on
            assert gateway.client.get(f"{prefix}/app").headers["location"] == "/speech/app/"
            assert gateway.client.get(f"{prefix}/", headers=BROWSER).headers["location"] == "/speech/app/"
            assert gateway.client.get(f"{prefix}/app/").status_code == 200
            assert gateway.client.get(f"{prefix}/app/assets/main-1a2b.js", headers=PLAIN).content == SCRIPT


def test_until_it_is_built_a_page_says_what_to_do(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "DEFAULT_FOLDER", tmp_path / "nowhere")
    with run_gateway(settings.model_copy(update={"frontend_dir": tmp_path / "nowhere"})) as gateway:
        english = gateway.client.get("/app/", headers={"Accept-Language": "de, en;q=0.8, fr;q=0.5"})
        french = gateway.client.get("/app/", headers={"Accept-Language": "fr-CA, en;q=0.8"})
        assert english.status_code == french.status_code == 503
        assert "make studio" in english.text
        assert "make studio" in french.text
        assert '<html lang="en">' in english.text
        assert '<html lang="fr">' in french.text
        assert "ORATIO_FRONTEND_DIR" not in english.text + french.text
        assert english.headers["cache-control"] == "no-store"
        assert gateway.client.get("/health").status_code == 200
        assert gateway.client.get("/app/assets/main-1a2b.js").status_code == 404


@pytest.mark.parametrize("language", ["en", "fr"])
def test_where_it_is_looked_for_elsewhere_the_page_names_the_folder_and_the_setting(
    settings: Settings, tmp_path: Path, language: str
) -> None:
    other = tmp_path / "<other>"
    with run_gateway(settings.model_copy(update={"frontend_dir": other})) as gateway:
        answer = gateway.client.get("/app/", headers={"Accept-Language": language})
    assert answer.status_code == 503
    assert f"<code>{tmp_path}/&lt;other&gt;</code>" in answer.text
    assert "<code>ORATIO_FRONTEND_DIR</code>" in answer.text
    assert (
        f"<code>make studio</code> {'builds the studio in' if language == 'en' else 'construit le studio dans'}"
        in answer.text
    )
    assert f"<code>{files.DEFAULT_FOLDER}</code>" in answer.text


def test_its_style_is_allowed_by_its_digest_and_nothing_else_is(settings: Settings, tmp_path: Path) -> None:
    with run_gateway(settings.model_copy(update={"frontend_dir": tmp_path})) as gateway:
        answer = gateway.client.get("/app/")
    policy = answer.headers["content-security-policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|style=|\son\w+=", answer.text)


def test_the_reason_of_a_build_that_failed_is_shown_as_text(gateway: Running, folder: Path) -> None:
    (folder / "index.html").unlink()
    (folder / "build-error.txt").write_bytes(b"x" * 20_000 + b"\nexpected <div> & \xff </pre><script>")
    answer = gateway.client.get("/app/")
    assert answer.status_code == 503
    assert "expected &lt;div&gt; &amp; � &lt;/pre&gt;&lt;script&gt;" in answer.text
    assert len(answer.content) < 20_000
