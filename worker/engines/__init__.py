"""Creates engines: one file or folder per model family, imported only on use.

May import `worker.hub`, `worker.text`, `worker.sound`, `worker.encoding` and `worker.host`.
"""

from collections.abc import Callable
from importlib.util import find_spec

from common.catalogue import Weights, find_weights
from common.provider_names import INFERENCE, STUB
from worker.engines.protocol import Engine
from worker.host.engine_settings import EngineSettings


def flavour() -> str:
    """Return the flavour of this environment: flavours need conflicting versions of libraries."""
    if find_spec("parler_tts"):
        return "parler"
    return "torch" if find_spec("torch") else "base"


def available_aliases(settings: EngineSettings) -> tuple[str, ...]:
    """Return the engines that this environment and these settings allow, even if their weights are missing."""
    has_torch_models = flavour() == "torch" and find_spec("transformers") is not None
    hosted = settings.hf_token is not None or bool(settings.inference_url)
    offered = {
        "hibari": find_spec("hibari") is not None,
        "kokoro": find_spec("kokoro_onnx") is not None,
        "speecht5": has_torch_models,
        "mms": has_torch_models,
        "bark": has_torch_models,
        "parler": flavour() == "parler",
        STUB: True,
        INFERENCE: hosted and find_spec("httpx2") is not None,
        "fake": settings.fake_engine,
    }
    return tuple(alias for alias, allowed in offered.items() if allowed)


def create(key: str, settings: EngineSettings) -> Engine:
    """Return an unloaded engine for the weights `key`, or for an engine without weights (`stub`, `inference`).

    Raises ValueError if this environment or the settings do not allow the engine, KeyError for unknown weights.
    """
    weights = Weights(key, key) if key in (STUB, INFERENCE) else find_weights(key)
    if weights.model not in available_aliases(settings):
        raise ValueError(
            f"no engine {key!r} in this environment; available: {', '.join(available_aliases(settings))}"
        )
    return _FACTORIES[weights.model](weights, settings)


def _hibari(_: Weights, settings: EngineSettings) -> Engine:
    from worker.engines.hibari.engine import HibariEngine

    return HibariEngine(voices_dir=settings.models_dir / "hibari")


def _kokoro(weights: Weights, settings: EngineSettings) -> Engine:
    from worker.engines.kokoro.engine import KokoroEngine

    return KokoroEngine(weights, settings)


def _speecht5(weights: Weights, settings: EngineSettings) -> Engine:
    from worker.engines.speecht5.engine import SpeechT5Engine

    return SpeechT5Engine(weights, settings)


def _mms(weights: Weights, settings: EngineSettings) -> Engine:
    from worker.engines.mms import MmsEngine

    return MmsEngine(weights, settings)


def _bark(weights: Weights, settings: EngineSettings) -> Engine:
    from worker.engines.bark import BarkEngine

    return BarkEngine(weights, settings)


def _parler(weights: Weights, settings: EngineSettings) -> Engine:
    from worker.engines.parler import ParlerEngine

    return ParlerEngine(weights, settings)


def _inference(_: Weights, settings: EngineSettings) -> Engine:
    from worker.engines.hf_inference.engine import InferenceEngine

    return InferenceEngine(
        token=settings.hf_token.get_secret_value() if settings.hf_token else None,
        url=settings.inference_url,
        timeout_s=settings.inference_timeout_s,
    )


def _stub(_: Weights, __: EngineSettings) -> Engine:
    from worker.engines.stub import StubEngine

    return StubEngine()


def _fake(weights: Weights, settings: EngineSettings) -> Engine:
    from worker.engines.fake import FakeEngine

    return FakeEngine(folder=settings.data_dir / "fake", name=weights.key)


_FACTORIES: dict[str, Callable[[Weights, EngineSettings], Engine]] = {
    "hibari": _hibari,
    "kokoro": _kokoro,
    "speecht5": _speecht5,
    "mms": _mms,
    "bark": _bark,
    "parler": _parler,
    "inference": _inference,
    "stub": _stub,
    "fake": _fake,
}
