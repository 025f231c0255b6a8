"""The choice of a provider, for every mode and many announcements."""

from dataclasses import replace
from typing import Any

import pytest

from common.catalogue import Voice, find_voice
from common.errors import Conflict, NoWorker, OratioError
from common.providers import (
    STUB_WARNING,
    WAITING_WARNING,
    ProviderChoice,
    announced_voices,
    choose,
    unavailable_reason,
)
from common.settings import ProviderMode
from common.worker_registry import Announcement, ServedWeights, WorkerStatus

# Only workers speak hibari. Hosted inference speaks the other models too.
HIBARI = find_voice("hibari_emma")
KOKORO = find_voice("af_heart")
MMS = find_voice("mms_fra")
MIX = find_voice("af_heart(2)+af_sky")
BEEP = ProviderChoice("stub", "stub", (STUB_WARNING,))
HOSTED = ProviderChoice("inference", "inference")


def worker(alive: bool = True, **served: list[str]) -> WorkerStatus:
    """A worker that announced these weights with their voices."""
    announcement = Announcement(
        id="test@here:1",
        flavour="base",
        version="0",
        device="cpu",
        pid=1,
        served=tuple(
            ServedWeights(model=key, weights=key, voices=tuple(names), loaded=True)
            for key, names in served.items()
        ),
        formats=("wav",),
    )
    return WorkerStatus(announcement, started_at=0.0, heartbeat_at=0.0, alive=alive)


NO_WORKERS: list[WorkerStatus] = []
OPS_ONLY = [worker()]
STUB = [worker(stub=["*"])]
# hibari with only its bundled voice, and with another one downloaded.
BUNDLED_VOICE = [worker(hibari=["heart"], stub=["*"])]
ALL_VOICES = [worker(hibari=["heart", "emma"], stub=["*"])]
TWO_WORKERS = [worker(hibari=["heart"]), worker(hibari=["emma"])]
INFERENCE = [worker(inference=["*"])]
INFERENCE_AND_STUB = [worker(inference=["*"], stub=["*"])]
NO_VOICES = [worker(kokoro=[], stub=["*"])]
KOKORO_HERE = [worker(kokoro=["af_heart"], stub=["*"])]
KOKORO_TWICE = [worker(kokoro=["af_heart"]), worker(inference=["*"])]
KOKORO_ELSEWHERE = [worker(kokoro=["am_adam"]), worker(inference=["*"])]


BROKEN = [
    WorkerStatus(
        Announcement(
            id="test@here:2",
            flavour="base",
            version="0",
            device="cpu",
            pid=2,
            served=(
                ServedWeights(model="kokoro", weights="kokoro", trouble="It is damaged."),
                ServedWeights(model="stub", weights="stub", voices=("*",), loaded=True),
            ),
            formats=("wav",),
        ),
        started_at=0.0,
        heartbeat_at=0.0,
        alive=True,
    )
]
# Two languages of MMS are two sets of weights.
MMS_ENGLISH = [worker(mms_eng=["eng"], stub=["*"])]
MMS_BOTH = [worker(mms_eng=["eng"]), worker(mms_fra=["fra"])]
MIX_HERE = [worker(kokoro=["af_heart", "af_sky"], stub=["*"])]


def local(engine: str, *, may_fail_over: bool = True) -> ProviderChoice:
    """A job may fail over if no provider is forced."""
    return ProviderChoice("local", engine, may_fail_over=may_fail_over)


@pytest.mark.parametrize("fallback_stub", [True, False])
@pytest.mark.parametrize(
    ("mode", "voice", "workers", "expected"),
    [
        ("auto", HIBARI, ALL_VOICES, local("hibari")),
        ("auto", HIBARI, TWO_WORKERS, local("hibari")),
        ("auto", HIBARI, [*ALL_VOICES, *INFERENCE], local("hibari")),
        ("auto", KOKORO, KOKORO_HERE, local("kokoro")),
        ("auto", KOKORO, KOKORO_TWICE, local("kokoro")),
        ("auto", KOKORO, [worker(kokoro=["*"])], local("kokoro")),
        ("auto", KOKORO, KOKORO_ELSEWHERE, HOSTED),
        ("auto", MMS, MMS_BOTH, local("mms_fra")),
        ("auto", MMS, [*MMS_ENGLISH, *INFERENCE], HOSTED),
        ("auto", MIX, MIX_HERE, local("kokoro")),
        ("auto", KOKORO, INFERENCE, HOSTED),
        ("auto", KOKORO, [*BROKEN, *INFERENCE], HOSTED),
        ("auto", KOKORO, INFERENCE_AND_STUB, HOSTED),
        ("local", HIBARI, ALL_VOICES, local("hibari", may_fail_over=False)),
        ("local", KOKORO, KOKORO_TWICE, local("kokoro", may_fail_over=False)),
        ("inference", KOKORO, INFERENCE, HOSTED),
        ("inference", KOKORO, KOKORO_TWICE, HOSTED),
        ("stub", HIBARI, STUB, BEEP),
        ("stub", KOKORO, [*KOKORO_TWICE, *STUB], BEEP),
    ],
)
def test_the_provider_is_chosen(
    mode: ProviderMode,
    voice: Voice,
    workers: list[WorkerStatus],
    expected: ProviderChoice,
    fallback_stub: bool,
) -> None:
    assert choose(voice, workers, mode=mode, fallback_stub=fallback_stub) == expected


@pytest.mark.parametrize("fallback_stub", [True, False])
@pytest.mark.parametrize(
    ("mode", "voice", "workers", "error", "message"),
    [
        # The voice can be downloaded. A beep would hide that.
        (
            "auto",
            HIBARI,
            BUNDLED_VOICE,
            Conflict,
            "'hibari_emma' is not downloaded. Download it with `oratio models download hibari_emma` or POST",
        ),
        ("auto", HIBARI, [*BUNDLED_VOICE, *INFERENCE], Conflict, "is not downloaded"),
        ("auto", MIX, KOKORO_HERE, Conflict, "is not downloaded"),
        ("auto", HIBARI, NO_WORKERS, NoWorker, "oratio up"),
        ("auto", HIBARI, OPS_ONLY, NoWorker, "No worker serves the model 'hibari'"),
        ("auto", HIBARI, INFERENCE, NoWorker, "No worker serves the model 'hibari'"),
        ("local", HIBARI, BUNDLED_VOICE, Conflict, "is not downloaded"),
        ("local", KOKORO, KOKORO_ELSEWHERE, Conflict, "is not downloaded"),
        ("local", HIBARI, NO_WORKERS, NoWorker, "Only local synthesis is allowed"),
        ("local", HIBARI, STUB, NoWorker, "Only local synthesis is allowed"),
        ("local", KOKORO, BROKEN, NoWorker, "It is damaged. Only local synthesis"),
        ("local", MMS, MMS_ENGLISH, NoWorker, "download mms_fra.*make setup-torch"),
        ("local", KOKORO, INFERENCE_AND_STUB, NoWorker, "Only local synthesis is allowed"),
        (
            "inference",
            HIBARI,
            [*ALL_VOICES, *INFERENCE],
            Conflict,
            "Hosted inference cannot speak the model 'hibari'",
        ),
        ("inference", HIBARI, NO_WORKERS, Conflict, "Hosted inference cannot speak"),
        ("inference", KOKORO, KOKORO_HERE, NoWorker, "HF_TOKEN"),
        ("inference", KOKORO, NO_WORKERS, NoWorker, "HF_TOKEN"),
        ("stub", HIBARI, TWO_WORKERS, NoWorker, "serves the stub"),
        ("stub", HIBARI, NO_WORKERS, NoWorker, "serves the stub"),
    ],
)
def test_unavailable_voices_are_refused(
    mode: ProviderMode,
    voice: Voice,
    workers: list[WorkerStatus],
    error: type[OratioError],
    message: str,
    fallback_stub: bool,
) -> None:
    with pytest.raises(error, match=message) as caught:
        choose(voice, workers, mode=mode, fallback_stub=fallback_stub)
    expected: dict[type, tuple[Any, ...]] = {
        Conflict: (409, "voice_unavailable", "voice_id"),
        NoWorker: (503, "no_worker", None),
    }
    assert (caught.value.status, caught.value.code, caught.value.param) == expected[error]


@pytest.mark.parametrize(
    ("voice", "workers"),
    [(HIBARI, STUB), (KOKORO, STUB), (HIBARI, INFERENCE_AND_STUB), (KOKORO, NO_VOICES), (MMS, MMS_ENGLISH)],
)
def test_a_model_without_workers_is_a_beep_only_if_allowed(voice: Voice, workers: list[WorkerStatus]) -> None:
    assert choose(voice, workers, mode="auto", fallback_stub=True) == BEEP
    with pytest.raises(NoWorker, match=f"No worker serves the model '{voice.model}'"):
        choose(voice, workers, mode="auto", fallback_stub=False)


@pytest.mark.parametrize(
    ("voice", "workers"), [(HIBARI, ALL_VOICES), (KOKORO, KOKORO_TWICE), (KOKORO, INFERENCE)]
)
def test_jobs_wait_for_workers_that_are_not_running(voice: Voice, workers: list[WorkerStatus]) -> None:
    not_running = [
        WorkerStatus(one.announcement, started_at=0.0, heartbeat_at=0.0, alive=False) for one in workers
    ]
    running_choice, waiting_choice = (
        choose(voice, group, mode="auto", fallback_stub=True) for group in (workers, not_running)
    )
    assert running_choice == replace(waiting_choice, warnings=())
    assert waiting_choice.warnings == ((WAITING_WARNING,) if waiting_choice.provider == "local" else ())
    assert unavailable_reason(voice, workers, mode="auto") is None
    assert "are not running" in str(unavailable_reason(voice, not_running, mode="auto"))
    # One running worker is enough.
    assert unavailable_reason(voice, [*not_running, *workers], mode="auto") is None


@pytest.mark.parametrize(
    ("voice", "workers", "mode", "reason"),
    [
        (HIBARI, BUNDLED_VOICE, "auto", "is not downloaded"),
        # A beep does not make a voice available.
        (HIBARI, STUB, "auto", "No worker serves the model"),
        (HIBARI, ALL_VOICES, "stub", "every voice is a beep"),
        (HIBARI, INFERENCE, "inference", "Hosted inference cannot speak"),
        (HIBARI, NO_WORKERS, "auto", "No worker has ever started"),
    ],
)
def test_the_reason_why_a_voice_is_unavailable(
    voice: Voice, workers: list[WorkerStatus], mode: ProviderMode, reason: str
) -> None:
    assert reason in str(unavailable_reason(voice, workers, mode=mode))


def test_announced_voices_leave_out_empty_lists() -> None:
    workers = [worker(hibari=["heart"], kokoro=[]), worker(hibari=["emma"])]
    assert announced_voices("hibari", workers) == [("heart",), ("emma",)]
    assert announced_voices("kokoro", workers) == []
    assert announced_voices("bark", workers) == []
