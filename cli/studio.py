"""Whether the studio, the page at /app/, is built; asked without loading much, since `oratio up` stays small."""

from common.settings import Settings

BUILD = "make studio"
# As api/studio_files.py names it.
BUILD_ERROR = "build-error.txt"


def is_built(settings: Settings) -> bool:
    return (settings.frontend_dir / "index.html").is_file()
