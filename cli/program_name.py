"""Names of our programs as the user can type them, because few people have the environment's commands on their PATH."""

import shutil
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def program_name() -> str:
    """Return the name or the path of the program `oratio`."""
    beside = Path(sys.executable).with_name("oratio")
    return "oratio" if shutil.which("oratio") or not beside.exists() else short_path(beside)


def with_program_name(message: str) -> str:
    """Return the message with the commands in it as the user can type them: the service writes `oratio …`."""
    return message.replace("`oratio ", f"`{program_name()} ")


def download_script() -> str:
    """Return the command line of the script that downloads models without a service."""
    return f"{short_path(Path(sys.executable))} {short_path(_ROOT / 'scripts' / 'download_models.py')}"


def short_path(path: Path) -> str:
    """Return the path, relative to the current folder if it lies below it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
