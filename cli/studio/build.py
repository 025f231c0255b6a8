"""Whether the studio, the page at /app/, is built; asked without loading much, since `oratio up` stays small."""

from pathlib import Path

from cli.studio.nodejs import FRONTEND
from common.settings import Settings

BUILD_COMMAND = "make studio"
# As api/studio/files.py names it.
BUILD_ERROR = "build-error.txt"
DEFAULT_FOLDER = FRONTEND / "dist"


def is_built(settings: Settings) -> bool:
    return (settings.frontend_dir / "index.html").is_file()


def custom_folder(settings: Settings) -> Path | None:
    """Where the gateway looks for it, when that is not where it is built."""
    folder = settings.frontend_dir.absolute()
    return None if folder.resolve() == DEFAULT_FOLDER.resolve() else folder
