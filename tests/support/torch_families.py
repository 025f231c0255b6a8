"""The model families of the flavour `torch`, with helpers to build, create and run them."""

from pathlib import Path
from typing import Any

from tests.support.tiny_models import BUILDERS
from tests.support.utterances import HERON, settings_of, utterance
from worker.engines import create
from worker.engines.pretrained import PretrainedEngine

# For each family: the key of weights, a voice, and the folders that contain weights.
FAMILIES = {
    "mms": ("mms_eng", "eng", ("facebook_mms-tts-eng",)),
    "speecht5": ("speecht5", "slt", ("microsoft_speecht5_tts", "microsoft_speecht5_hifigan")),
    "bark": ("bark", "v2/en_speaker_6", ("suno_bark-small",)),
}
EACH_FOLDER = [(family, folder) for family, (_, _, folders) in FAMILIES.items() for folder in folders]


def build_all(root: Path) -> Path:
    for family in FAMILIES:
        BUILDERS[family](root)
    return root


def engine_of(family: str, root: Path, **overrides: Any) -> PretrainedEngine:
    engine = create(FAMILIES[family][0], settings_of(root, **overrides))
    assert isinstance(engine, PretrainedEngine)
    return engine


def speak(engine: PretrainedEngine, family: str, **changes: Any) -> Any:
    return engine.speak([utterance(HERON, voice=FAMILIES[family][1], **changes)])[0].samples
