"""Settings for services of tests."""

import secrets
from pathlib import Path
from typing import Any

from common.settings import Settings


def settings_in(folder: Path, **changes: Any) -> Settings:
    """Everything in this folder, a queue prefix of its own, and the fake engine."""
    given = {
        "data_dir": folder,
        "models_dir": folder / "models",
        "queue_prefix": f"t{secrets.token_hex(4)}",
        "fake_engine": True,
    }
    return Settings(_env_file=None, **given | changes)
