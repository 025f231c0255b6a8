"""How loud each voice is by itself, and what makes them equally loud.

`loudness.tsv` holds what `scripts/calibrate_loudness.py` measured: integrated loudness by ITU-R BS.1770 in LUFS of
trimmed speech, mono. Measured are hibari_heart and the five Japanese voices of Kokoro (eight-bit weights). hibari's
other voices and Kokoro's of other languages are taken to be as loud as the measured ones of their family on average;
of Bark, MMS, Parler-TTS and SpeechT5 nothing is measured, and they stay as loud as they come.
"""

from functools import cache
from pathlib import Path
from statistics import fmean

from common.catalogue.voices import Voice, voices

TARGET_LUFS = -18.0
MAX_GAIN_DB = 12.0  # either way: beyond that noise would be lifted into hearing
TABLE = Path(__file__).with_name("loudness.tsv")


def gain_db(voice: Voice) -> float:
    """What brings the voice's speech to `TARGET_LUFS`; 0 for a family of which nothing is known."""
    level = _level_lufs(voice)
    return 0.0 if level is None else max(-MAX_GAIN_DB, min(MAX_GAIN_DB, TARGET_LUFS - level))


@cache
def measured_lufs() -> dict[str, float]:
    """By voice id."""
    rows = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()]
    return {voice_id: float(lufs) for voice_id, lufs in rows}


def _level_lufs(voice: Voice) -> float | None:
    family_lufs = _family_mean_lufs().get(voice.model)
    if family_lufs is None:
        return None
    # The parts of a mix are named as the engine names them, and Kokoro's names are our ids.
    components = voice.mix or ((voice.id, 1.0),)
    return sum(share * measured_lufs().get(name, family_lufs) for name, share in components)


@cache
def _family_mean_lufs() -> dict[str, float]:
    """The mean of each family's measured voices."""
    levels: dict[str, list[float]] = {}
    for voice_id, level in measured_lufs().items():
        if voice_id in voices():
            levels.setdefault(voices()[voice_id].model, []).append(level)
    return {model: fmean(measured) for model, measured in levels.items()}
