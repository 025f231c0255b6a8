"""Chooses the provider of a voice: a local engine, hosted inference, or the stub, which only beeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from common.catalogue import Voice, find_model
from common.catalogue.download_items import item_of_voice
from common.errors import Conflict, NoWorker, OratioError
from common.provider_names import INFERENCE, STUB
from common.settings import ProviderMode
from common.worker_registry import WorkerStatus

Provider = Literal["local", "inference", "stub"]
STUB_WARNING = (
    "No worker can speak this voice, so this is only a beep, not speech. GET /voices says what is missing."
)

WAITING_WARNING = (
    "No worker that speaks this voice was running when the job was submitted, so the job waited for one."
)


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """`engine` is the first part of the queue's name: the weights of the voice, `inference` or `stub`."""

    provider: Provider
    engine: str
    warnings: tuple[str, ...] = ()
    may_fail_over: bool = False


def choose(
    voice: Voice, workers: Sequence[WorkerStatus], *, mode: ProviderMode, fallback_stub: bool
) -> ProviderChoice:
    """Choose the provider of a voice.

    Raises NoWorker if no worker announced what the voice needs, and Conflict if the voice is not downloaded or the
    required provider cannot speak it.
    """
    if mode == "stub":
        return _stub(workers)
    if mode == "inference":
        return _inference(voice, workers)
    voice_lists = announced_voices(voice.weights, workers)
    if mode == "local" or _has_voice(voice, voice_lists):
        return _local(voice, workers, may_fail_over=mode == "auto")
    if find_model(voice.model).hosted and announced_voices(INFERENCE, workers):
        return _inference(voice, workers)
    if voice_lists:
        # A worker serves the model, and this voice can be downloaded. A beep would hide that.
        raise _not_downloaded(voice)
    if not workers:
        raise NoWorker("No worker has ever started. Start one with `oratio up` or `oratio worker`.")
    if fallback_stub and announced_voices(STUB, workers):
        return _stub(workers)
    raise NoWorker(
        f"{_missing_reason(voice, workers)} You can also choose another voice, or set HF_TOKEN on a worker for hosted"
        " inference."
    )


def announced_voices(key: str, workers: Sequence[WorkerStatus]) -> list[tuple[str, ...]]:
    """The voices that each worker announced for these weights in the last 24 hours. Empty lists are left out."""
    return [names for worker in workers if (names := worker.voices_of(key))]


def is_announced(voice: Voice, workers: Sequence[WorkerStatus]) -> bool:
    """True if a worker announced this voice."""
    return _has_voice(voice, announced_voices(voice.weights, workers))


def unavailable_reason(voice: Voice, workers: Sequence[WorkerStatus], *, mode: ProviderMode) -> str | None:
    """Say why this voice cannot be spoken now. None if it can."""
    try:
        choice = choose(voice, workers, mode=mode, fallback_stub=False)
    except OratioError as error:
        return error.message
    if choice.provider == "stub":
        return "The provider is set to the stub, so every voice is a beep. Change ORATIO_TTS_PROVIDER."
    serving = [worker for worker in workers if worker.voices_of(choice.engine) is not None]
    if serving and not any(worker.alive for worker in serving):
        return "Its workers are not running. A job for this voice waits until one starts."
    return None


def _has_voice(voice: Voice, voice_lists: Sequence[tuple[str, ...]]) -> bool:
    """True if one worker has every engine voice that the voice needs."""
    # An engine that accepts any voice name announces "*".
    return any("*" in names or set(voice.engine_voices) <= set(names) for names in voice_lists)


def _missing_reason(voice: Voice, workers: Sequence[WorkerStatus]) -> str:
    """Say why a worker cannot load the weights, or how to get them."""
    announced = (worker.served(voice.weights) for worker in workers)
    trouble = next((served.trouble for served in announced if served and served.trouble), None)
    return trouble or (
        f"No worker serves the model {voice.model!r}. A worker needs its weights "
        f"(`oratio models download {voice.weights}`) and its libraries (`{find_model(voice.model).setup}`)."
    )


def _local(voice: Voice, workers: Sequence[WorkerStatus], *, may_fail_over: bool) -> ProviderChoice:
    voice_lists = announced_voices(voice.weights, workers)
    if not voice_lists:
        raise NoWorker(f"{_missing_reason(voice, workers)} Only local synthesis is allowed.")
    if not _has_voice(voice, voice_lists):
        raise _not_downloaded(voice)
    alive = [worker for worker in workers if worker.alive]
    warnings = () if _has_voice(voice, announced_voices(voice.weights, alive)) else (WAITING_WARNING,)
    return ProviderChoice("local", voice.weights, warnings, may_fail_over=may_fail_over)


def _stub(workers: Sequence[WorkerStatus]) -> ProviderChoice:
    if not announced_voices(STUB, workers):
        raise NoWorker(
            "No worker serves the stub. Start a worker that does, with `oratio up` or `oratio worker`."
        )
    return ProviderChoice("stub", STUB, (STUB_WARNING,))


def _inference(voice: Voice, workers: Sequence[WorkerStatus]) -> ProviderChoice:
    if not find_model(voice.model).hosted:
        raise Conflict(
            f"Hosted inference cannot speak the model {voice.model!r}. Choose a voice of another model.",
            code="voice_unavailable",
            param="voice_id",
        )
    if not announced_voices(INFERENCE, workers):
        raise NoWorker("No worker serves hosted inference. Set HF_TOKEN on a worker and start it.")
    return ProviderChoice("inference", INFERENCE)


def _not_downloaded(voice: Voice) -> Conflict:
    return Conflict(
        f"The voice {voice.id!r} is not downloaded. Download it with `oratio models download "
        f"{item_of_voice(voice).name}` or POST /models/download.",
        code="voice_unavailable",
        param="voice_id",
    )
