"""Builds settings for services under test."""

import secrets
from pathlib import Path
from typing import Any

from common.settings import Settings


def settings_in(folder: Path, **changes: Any) -> Settings:
    """Settings with all files in `folder`, a unique queue prefix and the fake engine."""
    values = {
        "data_dir": folder,
        "models_dir": folder / "models",
        "queue_prefix": f"t{secrets.token_hex(4)}",
        "fake_engine": True,
        # Not one per core: tests must not depend on the machine.
        "engines": 2,
    }
    return Settings(_env_file=None, **values | changes)
