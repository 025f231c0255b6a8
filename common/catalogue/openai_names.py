"""OpenAI's names of models and voices, with the voices of this service that stand in for them.

The names are those of OpenAI's API reference. Kokoro has voices with some of these names. If Kokoro is not set up, a
voice of hibari speaks; one of them needs no download.
"""

from collections.abc import Mapping

# The models that a model name stands for, best first. `oratio` is our own name.
MODELS: Mapping[str, tuple[str, ...]] = {
    "tts-1": ("hibari", "kokoro"),
    "tts-1-hd": ("kokoro", "hibari"),
    "gpt-4o-mini-tts": ("kokoro", "hibari"),
    "oratio": ("hibari", "kokoro"),
}

# The voices that a voice name stands for, best first. The last one needs no download.
VOICES: Mapping[str, tuple[str, ...]] = {
    "alloy": ("af_alloy", "hibari_kore", "hibari_heart"),
    "ash": ("am_michael", "hibari_fenrir", "hibari_heart"),
    "ballad": ("bm_george", "hibari_fable", "hibari_heart"),
    "cedar": ("am_fenrir", "hibari_fenrir", "hibari_heart"),
    "coral": ("af_bella", "hibari_heart"),
    "echo": ("am_echo", "hibari_fenrir", "hibari_heart"),
    "fable": ("bm_fable", "hibari_fable", "hibari_heart"),
    "marin": ("af_heart", "hibari_heart"),
    "nova": ("af_nova", "hibari_kore", "hibari_heart"),
    "onyx": ("am_onyx", "hibari_fenrir", "hibari_heart"),
    "sage": ("af_sarah", "hibari_emma", "hibari_heart"),
    "shimmer": ("af_sky", "hibari_kore", "hibari_heart"),
    "verse": ("am_puck", "hibari_fenrir", "hibari_heart"),
}
