"""npm in the studio's folder: its packages as the lock names them, its scripts, and what it said when one failed."""

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

from cli.studio.nodejs import Node, as_text  # noqa: E402  # the line above lets it be found

LAST_LINES = 60
# In node_modules, so that it goes with what it speaks of.
_STAMP = ".oratio-installed"
# Code that packages bring for the time of their installation is not run; fetching gives up within half a minute.
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


class Failed(Exception):
    """`args[0]` says it in one line; `output` is the end of what the program said."""

    def __init__(self, said: str, output: str = "") -> None:
        super().__init__(said)
        self.output = output


def install(node: Node, frontend: Path, *, show: bool) -> None:
    """What the lock names, unless it is there already. Raises Failed."""
    stamp = frontend / "node_modules" / _STAMP
    wanted = _fingerprint(node, frontend)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    try:
        run(node, frontend, *_INSTALL, show=show)
    except Failed as error:
        if _NETWORK.search(error.output):
            raise Failed(
                "npm's registry does not answer, so its packages could not be fetched", error.output
            ) from None
        raise
    stamp.parent.mkdir(exist_ok=True)  # npm makes none where the lock names nothing
    stamp.write_text(wanted)


def run(node: Node, frontend: Path, *words: str, show: bool, env: Mapping[str, str] | None = None) -> None:
    """`npm words…`; with `show` its output is seen as it comes. Raises Failed."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    with (
        _on_path(node) as path,
        subprocess.Popen(  # noqa: S603  # npm, as it was found
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
        raise Failed(f"`npm {' '.join(words[:2] if words[0] == 'run' else words[:1])}` failed", "".join(last))


@contextmanager
def _on_path(node: Node) -> Iterator[str]:
    """PATH with this Node and its npm before others, for scripts that call them: the npm of pip's cannot be called."""
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
