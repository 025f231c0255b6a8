"""A malicious pickle."""

from pathlib import Path
from typing import Any


class Touch:
    """An object whose pickle creates the file `path` when it is loaded."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self._path,)
