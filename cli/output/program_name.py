"""Our programs as they can be typed here: few people have the environment's commands on their path."""

import shutil
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def program_name() -> str:
    """Of the command that runs."""
    beside = Path(sys.executable).with_name("oratio")
    return "oratio" if shutil.which("oratio") or not beside.exists() else short_path(beside)


def download_script() -> str:
    """Of what downloads models without a service."""
    return f"{short_path(Path(sys.executable))} {short_path(_ROOT / 'scripts' / 'download_models.py')}"


def short_path(path: Path) -> str:
    """Short where it lies below the folder we are in."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
