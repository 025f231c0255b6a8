"""Build the studio, the page at /app, unless the built one is of the present sources.

    python scripts/build_studio.py             says what it does, and the whole reason when it fails
    python scripts/build_studio.py --brief     a line at its beginning and its end, nothing when there is nothing to do

The exit status is 0 or 1. A build that fails leaves the page of before, and the reason where /app looks for it.
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
from studio_packages import Failed

from cli.studio.nodejs import FRONTEND, NoNode, find_node
from common.settings import Settings

# As api/studio/files.py names it.
BUILD_ERROR = "build-error.txt"
_LOCK = ".building.lock"
# In the built folder: what it was made of. Names that begin with a dot are not served.
_STAMP = ".made-of"
# Not sources: what is fetched or made, and what only tests read. Names with a dot in front are left out but for npm's.
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
_MADE = {"src/api/schema.ts"}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--brief", action="store_true", help="at most a line")
    brief = parser.parse_args().brief
    try:
        built = build(FRONTEND, show=not brief)
    except Failed as error:
        _explain(error, brief=brief)
        return 1
    except OSError as error:  # a folder that cannot be written, a full disk
        _explain(Failed(f"{error.filename}: {error.strerror}"), brief=brief)
        return 1
    if built or not brief:
        sys.stdout.write(f"The studio is built in {FRONTEND / 'dist'}{_served(FRONTEND / 'dist')}.\n")
    return 0


def _served(dist: Path) -> str:
    with suppress(ValidationError):  # what is wrong with a setting, the service says
        settings = Settings()
        other = settings.frontend_dir.absolute()
        if "frontend_dir" in settings.model_fields_set and other.resolve() != dist.resolve():
            return f", but the gateway looks in {other}, as ORATIO_FRONTEND_DIR says"
    return ": the gateway serves it at /app/"


def build(frontend: Path, *, show: bool) -> bool:
    """Whether there was something to do. Raises Failed."""
    dist = frontend / "dist"
    with _alone(frontend):
        sources = fingerprint(frontend)
        stamp = dist / _STAMP
        if stamp.exists() and stamp.read_text() == sources and not (dist / BUILD_ERROR).exists():
            return False
        try:
            _make(frontend, sources, show=show)
        except Failed as error:
            _leave_reason(dist, error)
            raise
    return True


def fingerprint(frontend: Path) -> str:
    """Of all that the page is made of."""
    digest = hashlib.sha256()
    for path in sorted(_sources(frontend)):
        digest.update(f"{path.relative_to(frontend)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        steps = path.relative_to(folder).parts
        hidden = any(step.startswith(".") for step in steps) and path.name != ".npmrc"
        if hidden or steps[0] in _NOT_SOURCES or "/".join(steps) in _MADE:
            continue
        if path.is_file():
            yield path


def _make(frontend: Path, sources: str, *, show: bool) -> None:
    try:
        node = find_node(frontend)
    except NoNode as error:
        raise Failed(str(error).rstrip(".")) from None
    sys.stdout.write("Building the studio: at the first time a minute or so …\n")
    sys.stdout.flush()
    new = frontend / "dist.new"
    shutil.rmtree(new, ignore_errors=True)
    try:
        studio_packages.install(node, frontend, show=show)
        studio_packages.run(node, frontend, "run", "build", show=show, env={"STUDIO_DIST": new.name})
        if not (new / "index.html").is_file():
            raise Failed("The build ended well, but made no index.html")
        (new / _STAMP).write_text(sources)
        _replace(frontend / "dist", new)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _replace(dist: Path, new: Path) -> None:
    """Two renames, so that no half of a page is ever served."""
    old = dist.with_name("dist.old")
    shutil.rmtree(old, ignore_errors=True)
    if dist.exists():
        dist.rename(old)
    new.rename(dist)
    shutil.rmtree(old, ignore_errors=True)


def _leave_reason(dist: Path, error: Failed) -> None:
    dist.mkdir(exist_ok=True)
    (dist / BUILD_ERROR).write_text(f"{error}.\n{error.output}", "utf-8")


@contextmanager
def _alone(frontend: Path) -> Iterator[None]:
    """Who comes second waits, and then finds it done."""
    with (frontend / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _explain(error: Failed, *, brief: bool) -> None:
    if brief:
        sys.stderr.write(
            f"The studio is not up to date ({error}); the service works all the same. More: make studio\n"
        )
    else:
        sys.stderr.write(f"\nThe studio could not be built: {error}.\n")


if __name__ == "__main__":
    sys.exit(main())
