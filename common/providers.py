"""Where a voice is spoken: by a worker's own engine, by hosted inference, or by the stub that only beeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from common.catalogue import Voice, find_model
from common.errors import Conflict, NoWorker, OratioError
from common.settings import ProviderMode
from common.worker_registry import WorkerStatus

Provider = Literal["local", "inference", "stub"]
INFERENCE = "inference"
STUB = "stub"
STUB_WARNING = (
    "No worker can speak this voice, so this is only a beep, not speech. GET /voices says what is missing."
)


WAITING_WARNING = (
    "No worker that speaks this voice was running when this was asked for, so it waited for one."
)


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """`engine` names the queue: the weights of the voice, `inference` or `stub`."""

    provider: Provider
    engine: str
    warnings: tuple[str, ...] = ()
    may_fail_over: bool = False


def choose(
    voice: Voice, workers: Sequence[WorkerStatus], *, mode: ProviderMode, fallback_stub: bool
) -> ProviderChoice:
    """Raises NoWorker (nobody ever announced anything that serves) and Conflict (this voice is not there)."""
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
        # The model is served here and this voice of it can be fetched: a beep would only hide that.
        raise _not_downloaded(voice)
    if not workers:
        raise NoWorker("No worker ever announced itself; start one (`oratio up`, or `oratio worker`).")
    if fallback_stub and announced_voices(STUB, workers):
        return _stub(workers)
    raise NoWorker(
        f"{_missing_reason(voice, workers)} Or choose another voice, or set HF_TOKEN on a worker for hosted inference."
    )


def announced_voices(key: str, workers: Sequence[WorkerStatus]) -> list[tuple[str, ...]]:
    """The voice lists of every worker that could speak with these weights in the last 24 hours."""
    return [names for worker in workers if (names := worker.voices_of(key))]


def is_announced(voice: Voice, workers: Sequence[WorkerStatus]) -> bool:
    """A worker said that it has this very voice."""
    return _has_voice(voice, announced_voices(voice.weights, workers))


def unavailable_reason(voice: Voice, workers: Sequence[WorkerStatus], *, mode: ProviderMode) -> str | None:
    """Why nothing but a beep would come out; None when real speech would."""
    try:
        choice = choose(voice, workers, mode=mode, fallback_stub=False)
    except OratioError as error:
        return error.message
    if choice.provider == "stub":
        return "The provider is set to the stub: every voice is a beep."
    serving = [worker for worker in workers if worker.voices_of(choice.engine) is not None]
    if serving and not any(worker.alive for worker in serving):
        return "Its workers are not running now; a job waits for them."
    return None


def _has_voice(voice: Voice, voice_lists: Sequence[tuple[str, ...]]) -> bool:
    """One of these workers has all that it takes."""
    # "*" is the announcement of an engine that takes any name.
    return any("*" in names or set(voice.engine_voices) <= set(names) for names in voice_lists)


def _missing_reason(voice: Voice, workers: Sequence[WorkerStatus]) -> str:
    """Why a worker that has the weights cannot load them, or what is to be done where none has them."""
    announced = (worker.served(voice.weights) for worker in workers)
    trouble = next((served.trouble for served in announced if served and served.trouble), None)
    return trouble or (
        f"No worker serves the model {voice.model!r}: its weights ({voice.weights}) must lie in the models folder "
        f"(`oratio models download {voice.weights}`) of a worker whose environment has its libraries "
        f"(`{find_model(voice.model).setup}`)."
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
        raise NoWorker("No worker ever announced that it makes the stub's beep; start one that does.")
    return ProviderChoice("stub", STUB, (STUB_WARNING,))


def _inference(voice: Voice, workers: Sequence[WorkerStatus]) -> ProviderChoice:
    if not find_model(voice.model).hosted:
        raise Conflict(
            f"The model {voice.model!r} cannot be spoken by hosted inference.",
            code="voice_unavailable",
            param="voice_id",
        )
    if not announced_voices(INFERENCE, workers):
        raise NoWorker("No worker with a token ever announced hosted inference; set HF_TOKEN and start one.")
    return ProviderChoice("inference", INFERENCE)


def _not_downloaded(voice: Voice) -> Conflict:
    return Conflict(
        f"The voice {voice.id!r} is not downloaded; POST /models/download fetches it.",
        code="voice_unavailable",
        param="voice_id",
    )
