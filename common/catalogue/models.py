"""The models, by the alias that callers, settings and queues use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """A model family. `hub_id` is its id on the hub; `hosted` allows hosted inference to speak it.

    `verbatim`: texts are not normalized. `slow_on_cpu`: synthesis on a CPU takes many times the duration of the audio.
    `setup`: the command that builds an environment with its libraries.
    """

    alias: str
    name: str
    hub_id: str
    license: str
    runs_on: str
    sample_rate_hz: int
    hosted: bool = False
    slow_on_cpu: bool = False
    verbatim: bool = False
    setup: str = "make setup"


_TORCH = "make setup-torch"
_ALL = (
    Model(
        "hibari",
        "Hibari",
        "maureesewilliams/hibari",
        "Apache-2.0",
        "CPU, one voice without a download",
        24_000,
    ),
    Model("kokoro", "Kokoro 82M", "hexgrad/Kokoro-82M", "Apache-2.0", "CPU, ONNX", 24_000, hosted=True),
    Model(
        "parler",
        "Parler-TTS mini v1.1",
        "parler-tts/parler-tts-mini-v1.1",
        "Apache-2.0",
        "GPU; very slow on a CPU",
        44_100,
        hosted=True,
        slow_on_cpu=True,
        setup="make setup-parler",
    ),
    Model(
        "bark",
        "Bark small",
        "suno/bark-small",
        "MIT",
        "GPU; very slow on a CPU",
        24_000,
        hosted=True,
        slow_on_cpu=True,
        setup=_TORCH,
    ),
    Model(
        "speecht5",
        "SpeechT5",
        "microsoft/speecht5_tts",
        "MIT",
        "CPU or GPU",
        16_000,
        hosted=True,
        setup=_TORCH,
    ),
    Model(
        "mms",
        "MMS-TTS",
        "facebook/mms-tts-eng",
        "CC-BY-NC-4.0",
        "CPU or GPU",
        16_000,
        hosted=True,
        setup=_TORCH,
    ),
)
MODELS: dict[str, Model] = {model.alias: model for model in _ALL}

# The model of the engine for tests. It is hidden unless ORATIO_FAKE_ENGINE is set.
FAKE_MODEL = Model("fake", "Fake", "", "Apache-2.0", "tests", 24_000, hosted=True, verbatim=True)


def find_model(alias: str) -> Model:
    """Raises KeyError for an unknown alias."""
    return FAKE_MODEL if alias == FAKE_MODEL.alias else MODELS[alias]
