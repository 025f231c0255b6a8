"""The studio over HTTP: its page and files, their security headers, and the placeholder."""

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
from tests.support.gateway import RunningGateway, run_gateway

PAGE = '<!doctype html><html><head><meta name="style-nonce" content="__ORATIO_STYLE_NONCE__"></head></html>'
SCRIPT = b"console.log('speech');" * 50
ZIPPED = gzip.compress(SCRIPT, mtime=0)
PLAIN = {"Accept-Encoding": "identity"}
BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built studio. A file beside the folder must never be served."""
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
def gateway(settings: Settings, folder: Path) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update={"frontend_dir": folder})) as running:
        yield running


def raw_status(gateway: RunningGateway, path: str) -> tuple[int, bytes]:
    """Request a path without the normalization of httpx."""
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=10)
    connection.putrequest("GET", path, skip_host=False)
    connection.endheaders()
    response = connection.getresponse()
    status_and_body = response.status, response.read()
    connection.close()
    return status_and_body


def test_the_page_has_a_new_nonce_in_each_response(gateway: RunningGateway) -> None:
    nonces = set()
    for _ in range(3):
        response = gateway.client.get("/app/")
        assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
        (nonce,) = re.findall(
            r"style-src 'self' 'nonce-([^']+)';", response.headers["content-security-policy"]
        )
        assert response.text == PAGE.replace("__ORATIO_STYLE_NONCE__", nonce)
        assert len(base64.urlsafe_b64decode(nonce + "==")) == 16
        nonces.add(nonce)
    assert len(nonces) == 3


@pytest.mark.parametrize(
    "path", ["/app", "/app/", "/app/icon.svg", "/app/assets/main-1a2b.js", "/app/nothing.js"]
)
def test_every_response_has_security_headers(gateway: RunningGateway, path: str) -> None:
    headers = gateway.client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["worker-src"] == "'self'"
    assert policy["media-src"] == "'self' blob:"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_cached_page_keeps_its_policy(gateway: RunningGateway, folder: Path) -> None:
    first = gateway.client.get("/app/").headers
    assert first["cache-control"] == "no-cache"
    again = gateway.client.get("/app/", headers={"If-None-Match": first["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "content-security-policy" not in again.headers  # its nonce would differ from that of the page

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
def test_files_are_served_in_an_accepted_encoding(
    gateway: RunningGateway, accepted: str, encoding: str | None, content: bytes
) -> None:
    with gateway.client.stream(
        "GET", "/app/assets/main-1a2b.js", headers={"Accept-Encoding": accepted}
    ) as response:
        assert b"".join(response.iter_raw()) == content
        assert response.headers.get("content-encoding") == encoding
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    known = {"Accept-Encoding": accepted, "If-None-Match": response.headers["etag"]}
    assert gateway.client.get("/app/assets/main-1a2b.js", headers=known).status_code == 304


def test_files_without_a_compressed_variant_are_served_as_they_are(gateway: RunningGateway) -> None:
    font = gateway.client.get("/app/assets/type-3c4d.woff2")
    assert (font.content, font.headers["content-type"]) == (b"wOF2", "font/woff2")
    assert "content-encoding" not in font.headers
    icon = gateway.client.get("/app/icon.svg")
    assert (icon.headers["content-type"], icon.headers["cache-control"]) == ("image/svg+xml", "no-cache")


@pytest.mark.parametrize("path", ["/", "/app", "/app/", "/app/icon.svg", "/app/assets/main-1a2b.js"])
def test_head_is_get_without_the_body(gateway: RunningGateway, path: str) -> None:
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
def test_nothing_outside_the_folder_is_served(gateway: RunningGateway, folder: Path, path: str) -> None:
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


def test_browsers_are_redirected_to_the_studio_and_programs_to_the_documentation(
    gateway: RunningGateway, folder: Path
) -> None:
    def redirect(headers: dict[str, str]) -> str:
        return gateway.client.get("/", headers=headers).headers["location"]

    assert redirect(BROWSER) == "/app/"
    assert redirect({"Accept": "*/*"}) == "/docs"
    assert gateway.client.get("/app?page=2").headers["location"] == "/app/?page=2"
    (folder / "index.html").unlink()
    assert redirect(BROWSER) == "/docs"


def test_the_file_name_of_the_page_redirects_to_it(gateway: RunningGateway) -> None:
    response = gateway.client.get("/app/index.html?x=1")
    assert (response.status_code, response.headers["location"]) == (307, "/app/?x=1")


def test_redirects_stay_below_the_prefix_of_a_proxy(settings: Settings, folder: Path) -> None:
    prefixed = settings.model_copy(update={"frontend_dir": folder, "root_path": "/speech"})
    with run_gateway(prefixed) as gateway:
        for prefix in ("", "/speech"):  # some proxies remove the prefix, others do not
            assert gateway.client.get(f"{prefix}/app").headers["location"] == "/speech/app/"
            assert gateway.client.get(f"{prefix}/", headers=BROWSER).headers["location"] == "/speech/app/"
            assert gateway.client.get(f"{prefix}/app/").status_code == 200
            assert gateway.client.get(f"{prefix}/app/assets/main-1a2b.js", headers=PLAIN).content == SCRIPT


def test_without_a_build_a_placeholder_says_what_to_do(
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
def test_the_placeholder_names_another_folder_and_its_setting(
    settings: Settings, tmp_path: Path, language: str
) -> None:
    other = tmp_path / "<other>"
    with run_gateway(settings.model_copy(update={"frontend_dir": other})) as gateway:
        response = gateway.client.get("/app/", headers={"Accept-Language": language})
    assert response.status_code == 503
    assert f"<code>{tmp_path}/&lt;other&gt;</code>" in response.text
    assert "<code>ORATIO_FRONTEND_DIR</code>" in response.text
    assert (
        f"<code>make studio</code> {'builds the studio in' if language == 'en' else 'construit le studio dans'}"
        in response.text
    )
    assert f"<code>{files.DEFAULT_FOLDER}</code>" in response.text


def test_the_placeholder_allows_only_its_own_style(settings: Settings, tmp_path: Path) -> None:
    with run_gateway(settings.model_copy(update={"frontend_dir": tmp_path})) as gateway:
        response = gateway.client.get("/app/")
    policy = response.headers["content-security-policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|style=|\son\w+=", response.text)


def test_the_error_of_a_failed_build_is_escaped(gateway: RunningGateway, folder: Path) -> None:
    (folder / "index.html").unlink()
    (folder / "build-error.txt").write_bytes(b"x" * 20_000 + b"\nexpected <div> & \xff </pre><script>")
    response = gateway.client.get("/app/")
    assert response.status_code == 503
    assert "expected &lt;div&gt; &amp; � &lt;/pre&gt;&lt;script&gt;" in response.text
    assert len(response.content) < 20_000
