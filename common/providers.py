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
    voice: Voice, fleet: Sequence[WorkerStatus], *, mode: ProviderMode, fallback_stub: bool
) -> ProviderChoice:
    """Raises NoWorker (nobody ever announced anything that serves) and Conflict (this voice is not there)."""
    if mode == "stub":
        return _beep(fleet)
    if mode == "inference":
        return _hosted(voice, fleet)
    heard = announced_voices(voice.weights, fleet)
    if mode == "local" or _speaks(voice, heard):
        return _local(voice, fleet, may_fail_over=mode == "auto")
    if find_model(voice.model).hosted and announced_voices(INFERENCE, fleet):
        return _hosted(voice, fleet)
    if heard:
        # The model is served here and this voice of it can be fetched: a beep would only hide that.
        raise _missing(voice)
    if not fleet:
        raise NoWorker("No worker ever announced itself; start one (`oratio up`, or `oratio worker`).")
    if fallback_stub and announced_voices(STUB, fleet):
        return _beep(fleet)
    raise NoWorker(
        f"{_what_lacks(voice, fleet)} Or choose another voice, or set HF_TOKEN on a worker for hosted inference."
    )


def announced_voices(key: str, fleet: Sequence[WorkerStatus]) -> list[tuple[str, ...]]:
    """The voice lists of every worker that could speak with these weights in the last 24 hours."""
    return [names for seen in fleet if (names := seen.voices_of(key))]


def is_announced(voice: Voice, fleet: Sequence[WorkerStatus]) -> bool:
    """A worker said that it has this very voice."""
    return _speaks(voice, announced_voices(voice.weights, fleet))


def unavailable_reason(voice: Voice, fleet: Sequence[WorkerStatus], *, mode: ProviderMode) -> str | None:
    """Why nothing but a beep would come out; None when real speech would."""
    try:
        choice = choose(voice, fleet, mode=mode, fallback_stub=False)
    except OratioError as refusal:
        return refusal.message
    if choice.provider == "stub":
        return "The provider is set to the stub: every voice is a beep."
    serving = [seen for seen in fleet if seen.voices_of(choice.engine) is not None]
    if serving and not any(seen.alive for seen in serving):
        return "Its workers are not running now; a job waits for them."
    return None


def _speaks(voice: Voice, heard: Sequence[tuple[str, ...]]) -> bool:
    """One of these workers has all that it takes."""
    # "*" is the announcement of an engine that takes any name.
    return any("*" in names or set(voice.engine_voices) <= set(names) for names in heard)


def _what_lacks(voice: Voice, fleet: Sequence[WorkerStatus]) -> str:
    """Why a worker that has the weights cannot load them, or what is to be done where none has them."""
    engines = [engine for seen in fleet if (engine := seen.engine_of(voice.weights))]
    trouble = next((engine["trouble"] for engine in engines if engine.get("trouble")), None)
    return trouble or (
        f"No worker serves the model {voice.model!r}: its weights ({voice.weights}) must lie in the models folder "
        f"(`oratio models download {voice.weights}`) of a worker whose environment has its libraries "
        f"(`{find_model(voice.model).setup}`)."
    )


def _local(voice: Voice, fleet: Sequence[WorkerStatus], *, may_fail_over: bool) -> ProviderChoice:
    heard = announced_voices(voice.weights, fleet)
    if not heard:
        raise NoWorker(f"{_what_lacks(voice, fleet)} Only local synthesis is allowed.")
    if not _speaks(voice, heard):
        raise _missing(voice)
    running = [seen for seen in fleet if seen.alive]
    warnings = () if _speaks(voice, announced_voices(voice.weights, running)) else (WAITING_WARNING,)
    return ProviderChoice("local", voice.weights, warnings, may_fail_over=may_fail_over)


def _beep(fleet: Sequence[WorkerStatus]) -> ProviderChoice:
    if not announced_voices(STUB, fleet):
        raise NoWorker("No worker ever announced that it makes the stub's beep; start one that does.")
    return ProviderChoice("stub", STUB, (STUB_WARNING,))


def _hosted(voice: Voice, fleet: Sequence[WorkerStatus]) -> ProviderChoice:
    if not find_model(voice.model).hosted:
        raise Conflict(
            f"The model {voice.model!r} cannot be spoken by hosted inference.",
            code="voice_unavailable",
            param="voice_id",
        )
    if not announced_voices(INFERENCE, fleet):
        raise NoWorker("No worker with a token ever announced hosted inference; set HF_TOKEN and start one.")
    return ProviderChoice("inference", INFERENCE)


def _missing(voice: Voice) -> Conflict:
    return Conflict(
        f"The voice {voice.id!r} is not downloaded; POST /models/download fetches it.",
        code="voice_unavailable",
        param="voice_id",
    )
