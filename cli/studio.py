"""Where the studio, the page at /app/, lies when it is built. What is needed to know that is little: `oratio up` stays small."""

from common.settings import Settings

BUILD = "make studio"
# As api/studio_files.py names it.
BUILD_ERROR = "build-error.txt"


def is_built(settings: Settings) -> bool:
    return (settings.frontend_dir / "index.html").is_file()
