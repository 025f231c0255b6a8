"""Checks whether the studio, the page at /app/, is built. Loads little, so that `oratio up` stays small."""

from pathlib import Path

from cli.studio.nodejs import FRONTEND
from common.settings import Settings

BUILD_COMMAND = "make studio"
# The same name as in api/studio/files.py.
BUILD_ERROR = "build-error.txt"
DEFAULT_FOLDER = FRONTEND / "dist"


def is_built(settings: Settings) -> bool:
    return (settings.frontend_dir / "index.html").is_file()


def custom_folder(settings: Settings) -> Path | None:
    """Return the folder from which the gateway serves the studio if it is not the default one, else None."""
    folder = settings.frontend_dir.absolute()
    return None if folder.resolve() == DEFAULT_FOLDER.resolve() else folder
