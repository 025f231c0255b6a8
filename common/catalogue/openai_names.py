"""OpenAI's names: what its clients ask for by default, and which of our voices answers to it.

Names as its API reference lists them. Kokoro has voices that are named after some of them; where it is not set up,
those of hibari speak, of which one is always there.
"""

from collections.abc import Mapping

# Which families a model name prefers, the first that is there; the rest of the names are ours.
MODELS: Mapping[str, tuple[str, ...]] = {
    "tts-1": ("hibari", "kokoro"),
    "tts-1-hd": ("kokoro", "hibari"),
    "gpt-4o-mini-tts": ("kokoro", "hibari"),
    "oratio": ("hibari", "kokoro"),
}

# Our voices for a name, best first: of Kokoro, of hibari, and the one of hibari that needs no download.
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
