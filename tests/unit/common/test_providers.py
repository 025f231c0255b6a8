"""Who speaks a voice: the whole table of settings and announcements."""

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

# A model that only workers speak, one that hosted inference speaks too.
HIBARI = find_voice("hibari_emma")
KOKORO = find_voice("af_heart")
MMS = find_voice("mms_fra")
MIX = find_voice("af_heart(2)+af_sky")
BEEP = ProviderChoice("stub", "stub", (STUB_WARNING,))
HOSTED = ProviderChoice("inference", "inference")


def seen(alive: bool = True, **served: list[str]) -> WorkerStatus:
    """A worker that announced these engines with the names of their voices."""
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


NOBODY: list[WorkerStatus] = []
OPS = [seen()]
STUB = [seen(stub=["*"])]
# hibari with its bundled voice only, and with the other one downloaded.
BUNDLED = [seen(hibari=["heart"], stub=["*"])]
FULL = [seen(hibari=["heart", "emma"], stub=["*"])]
TWO = [seen(hibari=["heart"]), seen(hibari=["emma"])]
REMOTE = [seen(inference=["*"])]
REMOTE_AND_STUB = [seen(inference=["*"], stub=["*"])]
NO_VOICES = [seen(kokoro=[], stub=["*"])]
KOKORO_HERE = [seen(kokoro=["af_heart"], stub=["*"])]
KOKORO_TWICE = [seen(kokoro=["af_heart"]), seen(inference=["*"])]
KOKORO_ELSEWHERE = [seen(kokoro=["am_adam"]), seen(inference=["*"])]


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
# Two languages of one family are two sets of weights.
MMS_ENGLISH = [seen(mms_eng=["eng"], stub=["*"])]
MMS_BOTH = [seen(mms_eng=["eng"]), seen(mms_fra=["fra"])]
MIX_HERE = [seen(kokoro=["af_heart", "af_sky"], stub=["*"])]


def local(engine: str, *, may_fail_over: bool = True) -> ProviderChoice:
    """A job may go elsewhere where nobody forced a provider; the worker then sees who there is."""
    return ProviderChoice("local", engine, may_fail_over=may_fail_over)


@pytest.mark.parametrize("fallback_stub", [True, False])
@pytest.mark.parametrize(
    ("mode", "voice", "fleet", "expected"),
    [
        ("auto", HIBARI, FULL, local("hibari")),
        ("auto", HIBARI, TWO, local("hibari")),
        ("auto", HIBARI, [*FULL, *REMOTE], local("hibari")),
        ("auto", KOKORO, KOKORO_HERE, local("kokoro")),
        ("auto", KOKORO, KOKORO_TWICE, local("kokoro")),
        ("auto", KOKORO, [seen(kokoro=["*"])], local("kokoro")),
        ("auto", KOKORO, KOKORO_ELSEWHERE, HOSTED),
        ("auto", MMS, MMS_BOTH, local("mms_fra")),
        ("auto", MMS, [*MMS_ENGLISH, *REMOTE], HOSTED),
        ("auto", MIX, MIX_HERE, local("kokoro")),
        ("auto", KOKORO, REMOTE, HOSTED),
        ("auto", KOKORO, [*BROKEN, *REMOTE], HOSTED),
        ("auto", KOKORO, REMOTE_AND_STUB, HOSTED),
        ("local", HIBARI, FULL, local("hibari", may_fail_over=False)),
        ("local", KOKORO, KOKORO_TWICE, local("kokoro", may_fail_over=False)),
        ("inference", KOKORO, REMOTE, HOSTED),
        ("inference", KOKORO, KOKORO_TWICE, HOSTED),
        ("stub", HIBARI, STUB, BEEP),
        ("stub", KOKORO, [*KOKORO_TWICE, *STUB], BEEP),
    ],
)
def test_it_is_spoken(
    mode: ProviderMode, voice: Voice, fleet: list[WorkerStatus], expected: ProviderChoice, fallback_stub: bool
) -> None:
    assert choose(voice, fleet, mode=mode, fallback_stub=fallback_stub) == expected


@pytest.mark.parametrize("fallback_stub", [True, False])
@pytest.mark.parametrize(
    ("mode", "voice", "fleet", "refusal", "says"),
    [
        # It can be fetched, so a beep would only hide that.
        (
            "auto",
            HIBARI,
            BUNDLED,
            Conflict,
            "'hibari_emma' is not downloaded. Download it with POST /models/download",
        ),
        ("auto", HIBARI, [*BUNDLED, *REMOTE], Conflict, "is not downloaded"),
        ("auto", MIX, KOKORO_HERE, Conflict, "is not downloaded"),
        ("auto", HIBARI, NOBODY, NoWorker, "oratio up"),
        ("auto", HIBARI, OPS, NoWorker, "No worker serves the model 'hibari'"),
        ("auto", HIBARI, REMOTE, NoWorker, "No worker serves the model 'hibari'"),
        ("local", HIBARI, BUNDLED, Conflict, "is not downloaded"),
        ("local", KOKORO, KOKORO_ELSEWHERE, Conflict, "is not downloaded"),
        ("local", HIBARI, NOBODY, NoWorker, "Only local synthesis is allowed"),
        ("local", HIBARI, STUB, NoWorker, "Only local synthesis is allowed"),
        ("local", KOKORO, BROKEN, NoWorker, "It is damaged. Only local synthesis"),
        ("local", MMS, MMS_ENGLISH, NoWorker, "download mms_fra.*make setup-torch"),
        ("local", KOKORO, REMOTE_AND_STUB, NoWorker, "Only local synthesis is allowed"),
        ("inference", HIBARI, [*FULL, *REMOTE], Conflict, "Hosted inference cannot speak the model 'hibari'"),
        ("inference", HIBARI, NOBODY, Conflict, "Hosted inference cannot speak"),
        ("inference", KOKORO, KOKORO_HERE, NoWorker, "HF_TOKEN"),
        ("inference", KOKORO, NOBODY, NoWorker, "HF_TOKEN"),
        ("stub", HIBARI, TWO, NoWorker, "serves the stub"),
        ("stub", HIBARI, NOBODY, NoWorker, "serves the stub"),
    ],
)
def test_it_is_refused(
    mode: ProviderMode,
    voice: Voice,
    fleet: list[WorkerStatus],
    refusal: type[OratioError],
    says: str,
    fallback_stub: bool,
) -> None:
    with pytest.raises(refusal, match=says) as caught:
        choose(voice, fleet, mode=mode, fallback_stub=fallback_stub)
    expected: dict[type, tuple[Any, ...]] = {
        Conflict: (409, "voice_unavailable", "voice_id"),
        NoWorker: (503, "no_worker", None),
    }
    assert (caught.value.status, caught.value.code, caught.value.param) == expected[refusal]


@pytest.mark.parametrize(
    ("voice", "fleet"),
    [(HIBARI, STUB), (KOKORO, STUB), (HIBARI, REMOTE_AND_STUB), (KOKORO, NO_VOICES), (MMS, MMS_ENGLISH)],
)
def test_a_model_that_nobody_serves_is_a_beep_only_where_that_is_allowed(
    voice: Voice, fleet: list[WorkerStatus]
) -> None:
    assert choose(voice, fleet, mode="auto", fallback_stub=True) == BEEP
    with pytest.raises(NoWorker, match=f"No worker serves the model '{voice.model}'"):
        choose(voice, fleet, mode="auto", fallback_stub=False)


@pytest.mark.parametrize(("voice", "fleet"), [(HIBARI, FULL), (KOKORO, KOKORO_TWICE), (KOKORO, REMOTE)])
def test_a_worker_that_rests_is_still_waited_for(voice: Voice, fleet: list[WorkerStatus]) -> None:
    resting = [WorkerStatus(one.announcement, started_at=0.0, heartbeat_at=0.0, alive=False) for one in fleet]
    awake, asleep = (choose(voice, these, mode="auto", fallback_stub=True) for these in (fleet, resting))
    assert awake == replace(asleep, warnings=())
    assert asleep.warnings == ((WAITING_WARNING,) if asleep.provider == "local" else ())
    assert unavailable_reason(voice, fleet, mode="auto") is None
    assert "are not running" in str(unavailable_reason(voice, resting, mode="auto"))
    # One that runs is enough.
    assert unavailable_reason(voice, [*resting, *fleet], mode="auto") is None


@pytest.mark.parametrize(
    ("voice", "fleet", "mode", "reason"),
    [
        (HIBARI, BUNDLED, "auto", "is not downloaded"),
        # A beep is no reason to call a voice available.
        (HIBARI, STUB, "auto", "No worker serves the model"),
        (HIBARI, FULL, "stub", "every voice is a beep"),
        (HIBARI, REMOTE, "inference", "Hosted inference cannot speak"),
        (HIBARI, NOBODY, "auto", "No worker has ever started"),
    ],
)
def test_why_a_voice_cannot_be_had(
    voice: Voice, fleet: list[WorkerStatus], mode: ProviderMode, reason: str
) -> None:
    assert reason in str(unavailable_reason(voice, fleet, mode=mode))


def test_what_was_announced_is_told_apart_from_nothing() -> None:
    fleet = [seen(hibari=["heart"], kokoro=[]), seen(hibari=["emma"])]
    assert announced_voices("hibari", fleet) == [("heart",), ("emma",)]
    assert announced_voices("kokoro", fleet) == []
    assert announced_voices("bark", fleet) == []
