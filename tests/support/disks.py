"""A disk of one megabyte, in a mount namespace that only the command sees; nothing to unmount afterwards."""

import subprocess
from pathlib import Path


def can_mount() -> bool:
    try:
        return not subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode
    except FileNotFoundError:
        return False


def on_a_small_disk(folder: Path, *command: str) -> list[str]:
    """The command that runs `command` with 1 MB of disk at `folder`."""
    mounted = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
    return ["unshare", "-rm", "sh", "-c", mounted, str(folder), *command]
