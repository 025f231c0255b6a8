"""POST /synthesize: waiting, not waiting, and every refusal."""

from collections.abc import Iterator

import pytest

from common.settings import Settings
from tests.gateway import Running, Speaker, run_gateway


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Running]:
    with run_gateway(settings.model_copy(update={"max_text_chars": 1000})) as running:
        yield running


def test_a_request_that_waits_gets_the_finished_job(gateway: Running) -> None:
    with Speaker(gateway).working():
        answer = gateway.post(async_mode=False)
    assert answer.status_code == 200, answer.text
    job = answer.json()
    assert job["status"] == "completed"
    assert job["provider"] == "local"
    assert job["progress"] == {"segments_done": 1, "segments_total": 1, "percent": 100.0, "eta_s": None}
    assert job["audio_url"] == f"/jobs/{job['job_id']}/audio"
    assert job["created_at"].endswith("Z")
    audio = gateway.client.get(job["audio_url"])
    assert audio.headers["content-type"] == "audio/wav"
    assert len(audio.content) == job["size_bytes"]
