"""Every model and voice that the service knows by name. What can be spoken now, the workers announce."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from common.errors import InvalidRequest, NotFound

VOICE_ID = re.compile(r"[a-z0-9_-]{1,64}")
DEFAULT_VOICE = "hibari_heart"


@dataclass(frozen=True, slots=True)
class Model:
    """A family of voices. `hub_id` names its weights on the hub; `hosted` says whether inference may speak it."""

    alias: str
    name: str
    hub_id: str
    license: str
    runs_on: str
    sample_rate_hz: int
    hosted: bool = False


@dataclass(frozen=True, slots=True)
class Voice:
    """`engine_voice` is the name that the model itself uses; `hub_id` differs per voice for MMS."""

    id: str
    name: str
    model: str
    languages: tuple[str, ...]
    gender: str
    engine_voice: str
    style: bool = False
    hub_id: str = ""


MODELS: dict[str, Model] = {
    model.alias: model
    for model in (
        Model("hibari", "Hibari", "maureesewilliams/hibari", "Apache-2.0", "CPU, no download", 24_000),
        Model("kokoro", "Kokoro 82M", "hexgrad/Kokoro-82M", "Apache-2.0", "CPU, ONNX", 24_000, hosted=True),
        Model(
            "parler",
            "Parler-TTS mini v1.1",
            "parler-tts/parler-tts-mini-v1.1",
            "Apache-2.0",
            "GPU",
            44_100,
            hosted=True,
        ),
        Model("bark", "Bark small", "suno/bark-small", "MIT", "GPU", 24_000, hosted=True),
        Model("speecht5", "SpeechT5", "microsoft/speecht5_tts", "MIT", "CPU or GPU", 16_000, hosted=True),
        Model("mms", "MMS-TTS", "facebook/mms-tts-eng", "CC-BY-NC-4.0", "CPU or GPU", 16_000, hosted=True),
    )
}

_KOKORO = {
    "a": ("en-US", "American"),
    "b": ("en-GB", "British"),
    "e": ("es-ES", "Spanish"),
    "f": ("fr-FR", "French"),
    "h": ("hi-IN", "Hindi"),
    "i": ("it-IT", "Italian"),
    "j": ("ja-JP", "Japanese"),
    "p": ("pt-BR", "Brazilian"),
    "z": ("zh-CN", "Mandarin"),
}
_KOKORO_VOICES = (
    "af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_nova af_river af_sarah af_sky",
    "am_adam am_echo am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa",
    "bf_alice bf_emma bf_isabella bf_lily bm_daniel bm_fable bm_george bm_lewis",
    "ef_dora em_alex em_santa ff_siwis hf_alpha hf_beta hm_omega hm_psi if_sara im_nicola",
    "jf_alpha jf_gongitsune jf_nezumi jf_tebukuro jm_kumo pf_dora pm_alex pm_santa",
    "zf_xiaobei zf_xiaoni zf_xiaoxiao zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang",
)
_HIBARI = (
    ("heart", "Heart", "en-US", "female"),
    ("emma", "Emma", "en-GB", "female"),
    ("fenrir", "Fenrir", "en-US", "male"),
    ("fable", "Fable", "en-GB", "male"),
    ("kore", "Kore", "en-US", "female"),
)
_MMS = (
    ("eng", "en", "English"),
    ("fra", "fr", "French"),
    ("deu", "de", "German"),
    ("spa", "es", "Spanish"),
    ("por", "pt", "Portuguese"),
)
_BARK = ("en", "de", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt", "ru", "tr", "zh")
_PARLER = (("laura", "female"), ("gary", "male"), ("jon", "male"), ("lea", "female"), ("karen", "female"))
_SPEECHT5 = (
    ("awb", "male"),
    ("bdl", "male"),
    ("clb", "female"),
    ("jmk", "male"),
    ("ksp", "male"),
    ("rms", "male"),
    ("slt", "female"),
)


def _make_voices() -> Iterator[Voice]:
    for name, title, language, gender in _HIBARI:
        yield Voice(f"hibari_{name}", title, "hibari", (language,), gender, name)
    for voice in " ".join(_KOKORO_VOICES).split():
        language, people = _KOKORO[voice[0]]
        gender = "female" if voice[1] == "f" else "male"
        yield Voice(voice, f"{voice[3:].title()} ({people})", "kokoro", (language,), gender, voice)
    for name, gender in _PARLER:
        yield Voice(f"parler_{name}", name.title(), "parler", ("en",), gender, name.title(), style=True)
    for language in _BARK:
        for number in range(10):
            preset = f"v2/{language}_speaker_{number}"
            name = f"Speaker {number} ({language})"
            yield Voice(f"bark_{language}_{number}", name, "bark", (language,), "unknown", preset, style=True)
    for name, gender in _SPEECHT5:
        yield Voice(f"speecht5_{name}", name.upper(), "speecht5", ("en",), gender, name)
    for code, language, name in _MMS:
        yield Voice(
            f"mms_{code}", name, "mms", (language,), "unknown", code, hub_id=f"facebook/mms-tts-{code}"
        )


# The voice of the engine that tests drive; nobody sees it unless ORATIO_FAKE_ENGINE is set.
FAKE_VOICE = Voice("fake", "Fake", "fake", ("en",), "unknown", "fake")
_FAKE_MODEL = Model("fake", "Fake", "", "Apache-2.0", "tests", 24_000, hosted=True)


@cache
def voices(*, allow_fake: bool = False) -> dict[str, Voice]:
    """Every voice by id, in the order they are shown."""
    known = {voice.id: voice for voice in _make_voices()}
    return known | {FAKE_VOICE.id: FAKE_VOICE} if allow_fake else known


def find_model(alias: str) -> Model:
    """The model of a voice; raises KeyError."""
    return _FAKE_MODEL if alias == FAKE_VOICE.model else MODELS[alias]


def find_voice(voice_id: str, *, allow_fake: bool = False) -> Voice:
    """Raises InvalidRequest for what cannot be an id, NotFound for one that nobody knows."""
    if not VOICE_ID.fullmatch(voice_id):
        raise InvalidRequest(
            "voice_id may hold lower-case letters, digits, '_' and '-' only, at most 64.",
            code="invalid_voice_id",
            param="voice_id",
        )
    voice = voices(allow_fake=allow_fake).get(voice_id)
    if voice is None:
        raise NotFound(
            "There is no voice with this id; GET /voices lists them.",
            code="voice_not_found",
            param="voice_id",
        )
    return voice


def hub_model(voice: Voice) -> str:
    return voice.hub_id or find_model(voice.model).hub_id
