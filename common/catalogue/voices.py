"""The known voices. The announcements of workers say which of them are available."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from common.catalogue import mms
from common.catalogue.models import FAKE_MODEL, find_model
from common.catalogue.voice_mix import parse_mix
from common.errors import InvalidRequest, NotFound, OratioError

VOICE_ID = re.compile(r"[a-z0-9_-]{1,64}")
DEFAULT_VOICE = "hibari_heart"


@dataclass(frozen=True, slots=True)
class Voice:
    """`engine_voice` is the engine's own name of the voice. `weights` is the key of the weights that speak it.

    `mix`: the engine voices of a mix, with shares that add up to 1; empty for a plain voice. `listed` is false for a
    voice that is not in the catalogue, but may be in a models folder. `note`: a known weakness of local synthesis.
    """

    id: str
    name: str
    model: str
    languages: tuple[str, ...]
    gender: str
    engine_voice: str
    weights: str
    style: bool = False
    hub_id: str = ""
    mix: tuple[tuple[str, float], ...] = ()
    listed: bool = True
    note: str = ""

    @property
    def engine_voices(self) -> tuple[str, ...]:
        """The engine voices that a worker needs to speak it."""
        return tuple(name for name, _ in self.mix) or (self.engine_voice,)


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
_KOKORO_NOTES = {
    "j": "Local workers read Japanese in kana only, not in kanji.",
    "z": "Local workers read Mandarin without its tones, so words that differ by tone sound alike.",
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
_BARK = ("en", "de", "es", "fr", "hi", "it", "ja", "ko", "pl", "pt", "ru", "tr", "zh")
# The speakers of Parler-TTS, those whose voice is most consistent first.
_PARLER_WOMEN = (
    "laura lea jenna lauren eileen alisa karen barbara carol emily rose anna tina brenda joy naomie rebecca"
)
_PARLER_MEN = "jon gary mike will patrick eric rick david jordan yann james jason aaron jerry bill tom bruce"
_SPEECHT5 = (("awb", "m"), ("bdl", "m"), ("clb", "f"), ("jmk", "m"), ("ksp", "m"), ("rms", "m"), ("slt", "f"))
_GENDERS = {"f": "female", "m": "male"}
# Names of unlisted voices that a models folder may contain.
_KOKORO_NAME = re.compile(rf"[{''.join(_KOKORO)}][fm]_[a-z0-9_]{{1,40}}")
_SPEECHT5_NAME = re.compile(r"speecht5_[a-z0-9_-]{1,40}")


def _make_voices() -> Iterator[Voice]:
    for name, title, language, gender in _HIBARI:
        yield Voice(f"hibari_{name}", title, "hibari", (language,), gender, name, "hibari")
    for name in " ".join(_KOKORO_VOICES).split():
        yield _kokoro(name)
    for gender, names in (("female", _PARLER_WOMEN), ("male", _PARLER_MEN)):
        for name in names.split():
            title = name.title()
            yield Voice(f"parler_{name}", title, "parler", ("en",), gender, title, "parler", style=True)
    described = "As described in style"
    yield Voice("parler_described", described, "parler", ("en",), "unknown", "", "parler", style=True)
    for language in _BARK:
        for number in range(10):
            preset, name = f"v2/{language}_speaker_{number}", f"Speaker {number} ({language})"
            voice_id = f"bark_{language}_{number}"
            yield Voice(voice_id, name, "bark", (language,), "unknown", preset, "bark", style=True)
    for name, letter in _SPEECHT5:
        yield Voice(f"speecht5_{name}", name.upper(), "speecht5", ("en",), _GENDERS[letter], name, "speecht5")
    for code, spoken in mms.languages().items():
        key, hub_id = f"mms_{code}", f"facebook/mms-tts-{code}"
        yield Voice(key, spoken.name, "mms", (spoken.tag,), "unknown", code, key, hub_id=hub_id)


def _kokoro(name: str, *, listed: bool = True) -> Voice:
    language, accent = _KOKORO[name[0]]
    title = f"{name[3:].replace('_', ' ').title()} ({accent})"
    note = _KOKORO_NOTES.get(name[0], "")
    gender = _GENDERS[name[1]]
    return Voice(name, title, "kokoro", (language,), gender, name, "kokoro", listed=listed, note=note)


# The voice of the engine for tests. Voices named `fake_*` have weights of their own.
FAKE_VOICE = Voice("fake", "Fake", "fake", ("en",), "unknown", "fake", "fake")
_FAKE_NAME = re.compile(r"fake_[a-z0-9]{1,20}")


@cache
def voices(*, allow_fake: bool = False) -> dict[str, Voice]:
    """All listed voices by id, in display order."""
    by_id = {voice.id: voice for voice in _make_voices()}
    return by_id | {FAKE_VOICE.id: FAKE_VOICE} if allow_fake else by_id


def voices_of(model: str) -> list[Voice]:
    """The listed voices of a model."""
    return [voice for voice in voices().values() if voice.model == model]


def find_voice(voice_id: str, *, allow_fake: bool = False) -> Voice:
    """Find a listed voice, a mix of Kokoro voices, or an unlisted voice that a models folder may contain.

    Raises InvalidRequest for an id of an invalid form, NotFound for an unknown id.
    """
    listed = voices(allow_fake=allow_fake).get(voice_id)
    if listed is not None:
        return listed
    if not VOICE_ID.fullmatch(voice_id):
        return _mixed_voice(voice_id)
    voice = _unlisted(voice_id, allow_fake=allow_fake)
    if voice is None:
        raise voice_not_found()
    return voice


def voice_name(voice_id: str) -> str:
    """The name of a voice for people, or its id if the catalogue does not have it any more."""
    try:
        return find_voice(voice_id, allow_fake=True).name
    except OratioError:
        return voice_id


def voice_not_found() -> NotFound:
    return NotFound(
        "This voice does not exist. GET /voices lists the voices.",
        code="voice_not_found",
        param="voice_id",
    )


def hub_model(voice: Voice) -> str:
    return voice.hub_id or find_model(voice.model).hub_id


def _unlisted(voice_id: str, *, allow_fake: bool) -> Voice | None:
    if _KOKORO_NAME.fullmatch(voice_id):
        return _kokoro(voice_id, listed=False)
    if _SPEECHT5_NAME.fullmatch(voice_id):
        name = voice_id.removeprefix("speecht5_")
        return Voice(voice_id, name, "speecht5", ("en",), "unknown", name, "speecht5", listed=False)
    if allow_fake and _FAKE_NAME.fullmatch(voice_id):
        return Voice(voice_id, "Fake", FAKE_MODEL.alias, ("en",), "unknown", "fake", voice_id)
    return None


def _mixed_voice(expression: str) -> Voice:
    parts = parse_mix(expression)
    mixed_voices = [find_voice(name) for name, _ in parts]
    if any(voice.model != "kokoro" for voice in mixed_voices):
        raise InvalidRequest(
            "A mix can only have voices of Kokoro.", code="invalid_voice_id", param="voice_id"
        )
    return _combine(expression, mixed_voices, [share for _, share in parts])


def _combine(expression: str, mixed_voices: Sequence[Voice], shares: Sequence[float]) -> Voice:
    """The mix has the language and accent of its first voice."""
    first = mixed_voices[0]
    genders = {voice.gender for voice in mixed_voices}
    return Voice(
        id=expression,
        name=" + ".join(voice.name for voice in mixed_voices),
        model=first.model,
        languages=first.languages,
        gender=first.gender if len(genders) == 1 else "unknown",
        engine_voice=expression,
        weights=first.weights,
        mix=tuple(zip((voice.engine_voice for voice in mixed_voices), shares, strict=True)),
        listed=all(voice.listed for voice in mixed_voices),
        note=first.note,
    )
