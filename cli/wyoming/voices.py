"""The voices of the service in the words of Wyoming."""

from collections.abc import Sequence

from wyoming.info import Attribution, Info, TtsProgram, TtsVoice
from wyoming.tts import SynthesizeVoice

from cli.client.records import Voice
from common import __version__


def describe(voices: Sequence[Voice]) -> Info:
    """Return the answer to `describe`. Home Assistant shows the description of a voice as its name."""
    program = TtsProgram(
        name="OratioViva",
        description="Text-to-speech by OratioViva",
        attribution=Attribution(name="OratioViva", url=""),
        installed=True,
        version=__version__,
        voices=[_describe_voice(voice) for voice in voices],
        supports_synthesize_streaming=True,
    )
    return Info(tts=[program])


def _describe_voice(voice: Voice) -> TtsVoice:
    return TtsVoice(
        name=voice.id,
        description=f"{voice.name} ({voice.model})",
        attribution=Attribution(name=voice.model, url=""),
        installed=True,
        version=None,
        languages=list(voice.languages),
    )


def voice_for(wanted: SynthesizeVoice | None, voices: Sequence[Voice]) -> str | None:
    """Return the voice to speak with; None is the default voice of the service.

    A language without a voice name gets the first voice of exactly this language, else of its primary language.
    """
    if wanted is None:
        return None
    if wanted.name is not None:
        return wanted.name
    language = (wanted.language or "").replace("_", "-").lower()
    for matches in (str.lower, _primary):
        for voice in voices:
            if matches(language) in map(matches, voice.languages):
                return voice.id
    return None


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()
