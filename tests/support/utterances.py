"""Utterances and settings for tests of engines."""

from pathlib import Path
from typing import Any

from common.settings import Settings
from worker.engines.protocol import Utterance

HERON = "Good morning, said the heron."


def utterance(text: str = HERON, **changes: Any) -> Utterance:
    """Return an utterance with defaults for all fields that are not in `changes`."""
    defaults: dict[str, Any] = {
        "voice": "",
        "model_id": "",
        "language": "en",
        "speed": 1.0,
        "style": None,
        "seed": 7,
        "seed_given": True,
    }
    return Utterance(text=text, **{**defaults, **changes})


def settings_of(root: Path, **overrides: Any) -> Settings:
    """Return settings with `root` as the models folder."""
    return Settings(_env_file=None, data_dir=root / "data", models_dir=root, **overrides)
