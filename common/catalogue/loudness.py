"""The gain that makes all voices equally loud.

`loudness.tsv` holds the measurements of `scripts/calibrate_loudness.py`: integrated loudness of trimmed mono speech in
LUFS (ITU-R BS.1770). It has hibari_heart and the five Japanese voices of Kokoro (eight-bit weights). Other voices of
hibari and Kokoro are assumed to have the mean loudness of the measured voices of their model. Bark, MMS, Parler-TTS and
SpeechT5 are not measured, and their loudness is not changed.
"""

from functools import cache
from pathlib import Path
from statistics import fmean

from common.catalogue.voices import Voice, voices

TARGET_LUFS = -18.0
MAX_GAIN_DB = 12.0  # In both directions. More gain would make noise audible.
TABLE = Path(__file__).with_name("loudness.tsv")


def gain_db(voice: Voice) -> float:
    """The gain that brings the voice to `TARGET_LUFS`. 0 for a model without measurements."""
    level = _level_lufs(voice)
    return 0.0 if level is None else max(-MAX_GAIN_DB, min(MAX_GAIN_DB, TARGET_LUFS - level))


@cache
def measured_lufs() -> dict[str, float]:
    """Loudness by voice id."""
    rows = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()]
    return {voice_id: float(lufs) for voice_id, lufs in rows}


def _level_lufs(voice: Voice) -> float | None:
    family_lufs = _family_mean_lufs().get(voice.model)
    if family_lufs is None:
        return None
    # A mix names voices as the engine does. Kokoro's names are our voice ids.
    components = voice.mix or ((voice.id, 1.0),)
    return sum(share * measured_lufs().get(name, family_lufs) for name, share in components)


@cache
def _family_mean_lufs() -> dict[str, float]:
    """The mean loudness of the measured voices, by model."""
    levels: dict[str, list[float]] = {}
    for voice_id, level in measured_lufs().items():
        if voice_id in voices():
            levels.setdefault(voices()[voice_id].model, []).append(level)
    return {model: fmean(measured) for model, measured in levels.items()}
