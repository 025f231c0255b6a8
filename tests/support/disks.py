"""Runs commands with a small disk, in their own mount namespace, so that nothing must be unmounted."""

import subprocess
from pathlib import Path


def can_mount() -> bool:
    try:
        return not subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode
    except FileNotFoundError:
        return False


def on_a_small_disk(folder: Path, *command: str, size_mb: int = 1) -> list[str]:
    """Return a command that mounts a disk at `folder` and runs `command`."""
    script = f'mount -t tmpfs -o size={size_mb}m tmpfs "$0" && exec "$@"'
    return ["unshare", "-rm", "sh", "-c", script, str(folder), *command]
