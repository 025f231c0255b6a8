"""One file per model family, each imported only when it is asked for."""

from collections.abc import Callable

from common.settings import Settings
from worker.engines.protocol import Engine


def available_aliases(settings: Settings) -> tuple[str, ...]:
    """The engines that this environment and these settings allow."""
    hosted = settings.hf_token is not None or bool(settings.inference_url)
    offered = {"hibari": True, "stub": True, "inference": hosted, "fake": settings.fake_engine}
    return tuple(alias for alias, allowed in offered.items() if allowed)


def create(alias: str, settings: Settings) -> Engine:
    """An engine that is not loaded yet. Raises ValueError for an alias that is not available here."""
    if alias not in available_aliases(settings):
        raise ValueError(f"no engine {alias!r} here; available: {', '.join(available_aliases(settings))}")
    return _FACTORIES[alias](settings)


def _hibari(settings: Settings) -> Engine:
    from worker.engines.hibari import HibariEngine

    return HibariEngine(voices_dir=settings.models_dir / "hibari")


def _inference(settings: Settings) -> Engine:
    from worker.engines.inference import InferenceEngine

    return InferenceEngine(
        token=settings.hf_token.get_secret_value() if settings.hf_token else None,
        url=settings.inference_url,
        timeout_s=settings.inference_timeout_s,
    )


def _stub(_: Settings) -> Engine:
    from worker.engines.stub import StubEngine

    return StubEngine()


def _fake(settings: Settings) -> Engine:
    from worker.engines.fake import FakeEngine

    return FakeEngine(folder=settings.data_dir / "fake")


_FACTORIES: dict[str, Callable[[Settings], Engine]] = {
    "hibari": _hibari,
    "inference": _inference,
    "stub": _stub,
    "fake": _fake,
}
