"""Build the studio, the page at /app, if its sources have changed since the last build.

    python scripts/build_studio.py             shows npm's output, and the whole error of a failed build
    python scripts/build_studio.py --brief     prints a line before and after the build, nothing if there is none

The exit status is 0 or 1. A failed build keeps the previous page and writes the error where /app looks for it.
"""

import argparse
import fcntl
import hashlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import studio_packages
from pydantic import ValidationError
from studio_packages import StudioError

from cli.studio.nodejs import FRONTEND, NoNode, find_node
from common.settings import Settings

# Must be the name in api/studio/files.py.
BUILD_ERROR = "build-error.txt"
_LOCK = ".building.lock"
# The fingerprint of the sources, in the built folder. Names that start with a dot are not served.
_STAMP = ".made-of"
# Installed or generated files, and files that only tests read. Hidden files are no sources either, except .npmrc.
_NOT_SOURCES = {
    "node_modules",
    "dist",
    "dist.new",
    "dist.old",
    "e2e",
    "test-results",
    "shots",
    "playwright-report",
    "coverage",
}
_GENERATED = {"src/api/schema.ts"}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--brief", action="store_true", help="print only a line before and after the build")
    brief = parser.parse_args().brief
    try:
        built = build(FRONTEND, show=not brief)
    except StudioError as error:
        _explain(error, brief=brief)
        return 1
    except OSError as error:  # for example a read-only folder or a full disk
        _explain(StudioError(f"{error.filename}: {error.strerror}"), brief=brief)
        return 1
    if built or not brief:
        sys.stdout.write(f"The studio is built in {FRONTEND / 'dist'}{_where_served(FRONTEND / 'dist')}.\n")
    return 0


def _where_served(dist: Path) -> str:
    with suppress(ValidationError):  # the service itself reports invalid settings
        settings = Settings()
        configured = settings.frontend_dir.absolute()
        if "frontend_dir" in settings.model_fields_set and configured.resolve() != dist.resolve():
            return f", but the gateway looks in {configured}, as ORATIO_FRONTEND_DIR says"
    return ": the gateway serves it at /app/"


def build(frontend: Path, *, show: bool) -> bool:
    """Build the page if its sources have changed. Return whether it was built. Raises StudioError."""
    dist = frontend / "dist"
    with _build_lock(frontend):
        sources = fingerprint(frontend)
        stamp = dist / _STAMP
        if stamp.exists() and stamp.read_text() == sources and not (dist / BUILD_ERROR).exists():
            return False
        try:
            _run_build(frontend, sources, show=show)
        except StudioError as error:
            _write_reason(dist, error)
            raise
    return True


def fingerprint(frontend: Path) -> str:
    """Return a hash of all sources of the page."""
    digest = hashlib.sha256()
    for path in sorted(_sources(frontend)):
        digest.update(f"{path.relative_to(frontend)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts) and path.name != ".npmrc"
        if hidden or parts[0] in _NOT_SOURCES or "/".join(parts) in _GENERATED:
            continue
        if path.is_file():
            yield path


def _run_build(frontend: Path, sources: str, *, show: bool) -> None:
    try:
        node = find_node(frontend)
    except NoNode as error:
        raise StudioError(str(error).rstrip(".")) from None
    sys.stdout.write("Building the studio. The first build takes about a minute.\n")
    sys.stdout.flush()
    new = frontend / "dist.new"
    shutil.rmtree(new, ignore_errors=True)
    try:
        studio_packages.install(node, frontend, show=show)
        studio_packages.run(node, frontend, "run", "build", show=show, env={"STUDIO_DIST": new.name})
        if not (new / "index.html").is_file():
            raise StudioError("The build succeeded but wrote no index.html")
        (new / _STAMP).write_text(sources)
        _replace(frontend / "dist", new)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _replace(dist: Path, new: Path) -> None:
    """Replace the page by two renames, so that a partial page is never served."""
    old = dist.with_name("dist.old")
    shutil.rmtree(old, ignore_errors=True)
    if dist.exists():
        dist.rename(old)
    new.rename(dist)
    shutil.rmtree(old, ignore_errors=True)


def _write_reason(dist: Path, error: StudioError) -> None:
    dist.mkdir(exist_ok=True)
    (dist / BUILD_ERROR).write_text(f"{error}.\n{error.output}", "utf-8")


@contextmanager
def _build_lock(frontend: Path) -> Iterator[None]:
    """Let one build run at a time. A second one waits, and then finds the page up to date."""
    with (frontend / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _explain(error: StudioError, *, brief: bool) -> None:
    if brief:
        sys.stderr.write(
            f"The studio is out of date ({error}). The service works without it. For details: make studio\n"
        )
    else:
        sys.stderr.write(f"\nThe studio could not be built: {error}.\n")


if __name__ == "__main__":
    sys.exit(main())
