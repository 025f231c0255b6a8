"""Runs npm for the studio: installs the locked packages and runs scripts, keeping the output for errors."""

import hashlib
import os
import re
import shlex
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from cli.studio.nodejs import Node, as_text  # noqa: E402  # needs the path from the line above

# How many lines of output an error keeps.
LAST_LINES = 60
# The fingerprint of the installed packages. In node_modules, so that it is deleted together with them.
_STAMP = ".oratio-installed"
# Do not run install scripts of packages. Give up on an unreachable registry after about half a minute.
_INSTALL = (
    *("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"),
    *(
        "--fetch-retries=2",
        "--fetch-retry-mintimeout=500",
        "--fetch-retry-maxtimeout=3000",
        "--fetch-timeout=60000",
    ),
)
_NETWORK = re.compile(
    r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED)\b"
)
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class StudioError(Exception):
    """The studio cannot be built or tested. The message is one line; `output` is the end of the program's output."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


def install(node: Node, frontend: Path, *, show: bool) -> None:
    """Install the packages of the lock file, unless they are installed already. Raises StudioError."""
    stamp = frontend / "node_modules" / _STAMP
    fingerprint = _fingerprint(node, frontend)
    if stamp.exists() and stamp.read_text() == fingerprint:
        return
    stamp.unlink(missing_ok=True)
    try:
        run(node, frontend, *_INSTALL, show=show)
    except StudioError as error:
        if _NETWORK.search(error.output):
            raise StudioError(
                "npm's registry does not answer, so the packages could not be installed", error.output
            ) from None
        raise
    stamp.parent.mkdir(exist_ok=True)  # npm creates no node_modules if the lock file lists no packages
    stamp.write_text(fingerprint)


def run(node: Node, frontend: Path, *words: str, show: bool, env: Mapping[str, str] | None = None) -> None:
    """Run `npm words...`. With `show`, print its output as it arrives. Raises StudioError."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    with (
        _on_path(node) as path,
        subprocess.Popen(  # noqa: S603  # the npm that find_node returned
            [*node.npm, *words],
            cwd=frontend,
            env=os.environ | {"PATH": path} | (env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        for line in process.stdout or ():
            last.append(_COLOURS.sub("", line))
            if show:
                sys.stdout.write(line)
                sys.stdout.flush()
    if process.returncode:
        raise StudioError(
            f"`npm {' '.join(words[:2] if words[0] == 'run' else words[:1])}` failed", "".join(last)
        )


@contextmanager
def _on_path(node: Node) -> Iterator[str]:
    """Yield a PATH that starts with this Node.js and npm, as scripts call both. The npm from pip has no command."""
    with TemporaryDirectory(prefix="oratio-node-") as folder:
        Path(folder, "node").symlink_to(node.program.absolute())
        npm = Path(folder, "npm")
        npm.write_text(f'#!/bin/sh\nexec {shlex.join(node.npm)} "$@"\n')
        npm.chmod(0o755)
        yield f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _fingerprint(node: Node, frontend: Path) -> str:
    files = [frontend / name for name in ("package.json", "package-lock.json", ".npmrc")]
    content = b"".join(file.read_bytes() for file in files if file.exists())
    return f"{hashlib.sha256(content).hexdigest()} {sys.platform} {as_text(node.version[:1])}"
