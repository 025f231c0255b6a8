"""Finds Chromium for the browser tests of the studio: an installed one, or else one from an npm package."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import studio_packages
from studio_packages import StudioError

from cli.studio.nodejs import FRONTEND, Node

_INSTALLED = ("chromium", "chromium-browser", "google-chrome")
_PACKAGE = FRONTEND / "e2e" / "browser"
# The package contains shared libraries. Use them only if the system lacks some: mixed with the system's, they crash.
_STARTER = """#!/bin/sh
if ldd "{folder}/chromium" | grep -q "not found"; then
  export LD_LIBRARY_PATH="{folder}/al2023/lib:$LD_LIBRARY_PATH" FONTCONFIG_PATH="{folder}/fonts"
fi
exec "{folder}/chromium" "$@"
"""


def find_browser(node: Node) -> str:
    """Return the path of a Chromium. Raises StudioError."""
    named = os.environ.get("CHROMIUM")
    for name in (named,) if named else _INSTALLED:
        if path := shutil.which(name):
            return path
    if named:
        raise StudioError(f"CHROMIUM names {named}, which is not a program")
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise StudioError("Chromium is missing. Install it, or name one: CHROMIUM=/path")
    return str(_install(node))


def _install(node: Node) -> Path:
    """Install Chromium from npm and return its start script."""
    studio_packages.install(node, _PACKAGE, show=False)
    folder = _PACKAGE / "node_modules" / ".chromium"
    starter = folder / "start.sh"
    if not starter.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        subprocess.run(  # noqa: S603  # the Node.js that find_node returned
            [node.program, "unpack.mjs"], cwd=_PACKAGE, env=os.environ | {"TMPDIR": str(folder)}, check=True
        )
        starter.write_text(_STARTER.format(folder=folder))
        starter.chmod(0o755)
    return starter
