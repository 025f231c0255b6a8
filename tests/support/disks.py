"""Runs commands with a disk of one megabyte, in their own mount namespace, so that nothing must be unmounted."""

import subprocess
from pathlib import Path


def can_mount() -> bool:
    try:
        return not subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode
    except FileNotFoundError:
        return False


def on_a_small_disk(folder: Path, *command: str) -> list[str]:
    """Return a command that mounts a disk of 1 MB at `folder` and runs `command`."""
    script = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
    return ["unshare", "-rm", "sh", "-c", script, str(folder), *command]
