"""Requests while the workers of a service are just starting."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from common import worker_registry
from common.settings import Settings
from common.worker_registry import Announcement, ServedWeights
from tests.support.gateway import RunningGateway, run_gateway

STUB = ServedWeights(model="stub", weights="stub", voices=("*",))
MMS = ServedWeights(model="mms", weights="mms_fra", voices=("fra",))


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    """A service whose worker of MMS has not started yet, unlike that of the stub."""
    expecting = settings.model_copy(update={"expected_models": "hibari,stub,mms"})
    with run_gateway(expecting, announced=False) as running:
        announce(running, "hibari+stub", STUB)
        yield running


def announce(gateway: RunningGateway, engines: str, *served: ServedWeights) -> None:
    announcement = Announcement(
        id=f"{engines}@here:{len(engines)}",
        flavour="base",
        version="0",
        device="cpu",
        pid=1,
        served=served,
        formats=("wav",),
    )
    with gateway.database.write() as connection:
        worker_registry.announce(connection, announcement)


def test_a_request_waits_for_the_worker_of_its_voice(gateway: RunningGateway) -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(gateway.post, voice_id="mms_fra")
        with pytest.raises(TimeoutError):
            answer.result(0.5)
        announce(gateway, "mms", MMS)
        job = answer.result(20).json()
    assert (job["provider"], job["warnings"]) == ("local", [])
    assert gateway.next_queued_job("mms_fra.interactive") == job["job_id"]


def test_a_request_does_not_wait_for_a_worker_that_lacks_the_voice(gateway: RunningGateway) -> None:
    announce(gateway, "mms")
    gateway.client.timeout = 5
    assert gateway.post(voice_id="mms_fra").json()["provider"] == "stub"


def test_a_request_does_not_wait_for_a_model_that_nothing_starts(gateway: RunningGateway) -> None:
    gateway.client.timeout = 5
    assert gateway.post(voice_id="bark_en_6").json()["provider"] == "stub"
