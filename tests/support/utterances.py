"""What tests of engines give them to speak."""

from pathlib import Path
from typing import Any

from common.settings import Settings
from worker.engines.protocol import Utterance

HERON = "Good morning, said the heron."


def utterance(text: str = HERON, **changes: Any) -> Utterance:
    plain: dict[str, Any] = {
        "voice": "",
        "model_id": "",
        "language": "en",
        "speed": 1.0,
        "style": None,
        "seed": 7,
        "seed_given": True,
    }
    return Utterance(text=text, **{**plain, **changes})


def settings_of(root: Path, **given: Any) -> Settings:
    """With the models in `root`."""
    return Settings(_env_file=None, data_dir=root / "data", models_dir=root, **given)
