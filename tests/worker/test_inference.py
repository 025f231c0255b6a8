"""Hosted inference: the real InferenceClient against a fake provider on loopback."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants
from huggingface_hub.inference._providers import PROVIDERS

from tests.support import fake_inference as provider_answers
from tests.support.fake_inference import Answer, FakeInference
from worker.engines.hf_inference.circuit_breaker import CircuitBreaker
from worker.engines.hf_inference.engine import InferenceEngine
from worker.engines.protocol import EngineError, Speech, Utterance

TOKEN = "hf_0123456789"
SECRET = "the heron's secret"


def utterance(*, model_id: str = "acme/tts", voice: str = "af_heart", seed_given: bool = False) -> Utterance:
    return Utterance(
        SECRET, voice, model_id, language="en", speed=1.0, style=None, seed=7, seed_given=seed_given
    )


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def provider() -> Iterator[FakeInference]:
    with FakeInference() as fake:
        yield fake
    huggingface_hub.close_session()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(provider: FakeInference, clock: Clock) -> InferenceEngine:
    engine = InferenceEngine(
        token=TOKEN, url=f"{provider.url}/tts", timeout_s=2.0, breaker=CircuitBreaker(clock=clock)
    )
    engine.load()
    return engine


def speak(engine: InferenceEngine) -> Speech:
    return engine.speak([utterance()])[0]


def speak_error(engine: InferenceEngine) -> EngineError:
    with pytest.raises(EngineError) as caught:
        speak(engine)
    error = caught.value
    assert SECRET not in error.message
    assert TOKEN not in error.message
    return error


class TestSpeaking:
    @pytest.mark.parametrize("kind", ["wav", "flac", "mp3"])
    @pytest.mark.parametrize("channels", [1, 2])
    def test_audio_of_any_format_is_decoded(
        self, engine: InferenceEngine, provider: FakeInference, kind: str, channels: int
    ) -> None:
        provider.script(
            provider_answers.audio(kind, duration_s=0.5, sample_rate_hz=22_050, channels=channels)
        )
        speech = speak(engine)
        assert speech.sample_rate_hz == 22_050
        assert speech.samples.dtype == np.float32
        assert speech.samples.ndim == 1
        assert 0.4 < len(speech.samples) / 22_050 < 0.7

    def test_posts_token_voice_and_seed_to_the_url(
        self, engine: InferenceEngine, provider: FakeInference
    ) -> None:
        engine.speak([utterance(seed_given=True)])
        (request,) = provider.requests
        assert (request.method, request.path) == ("POST", "/tts")
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert request.body == {"inputs": SECRET, "parameters": {"voice": "af_heart", "seed": 7}}

    def test_no_other_token_is_sent(self, provider: FakeInference, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_TOKEN", "hf_of_somebody")
        InferenceEngine(token=None, url=provider.url, timeout_s=2.0).speak([utterance()])
        assert "authorization" not in provider.requests[0].headers

    def test_without_a_url_the_hub_finds_the_provider(
        self, provider: FakeInference, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(constants, "ENDPOINT", provider.url)
        monkeypatch.setattr(PROVIDERS["hf-inference"]["text-to-speech"], "base_url", f"{provider.url}/router")
        engine = InferenceEngine(token=TOKEN, url="", timeout_s=2.0)
        assert engine.speak([utterance(model_id="acme/found-through-the-hub")])[0].samples.size
        assert provider.requests[-1].path == "/router/models/acme/found-through-the-hub"

    def test_a_model_without_a_provider_is_an_error(
        self, provider: FakeInference, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(constants, "ENDPOINT", f"{provider.url}/nothing-here")
        engine = InferenceEngine(token=TOKEN, url="", timeout_s=2.0)
        with pytest.raises(EngineError, match="No provider serves this model"):
            engine.speak([utterance(model_id="acme/unknown")])

    def test_several_threads_can_speak_at_once(
        self, engine: InferenceEngine, provider: FakeInference
    ) -> None:
        with ThreadPoolExecutor(8) as pool:
            speeches = list(pool.map(lambda _: speak(engine), range(32)))
        assert len({len(speech.samples) for speech in speeches}) == 1
        assert provider.spoken == [SECRET] * 32


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "advice"),
        [
            (401, "HF_TOKEN"),
            (402, "credits"),
            (403, "HF_TOKEN"),
            (404, "voice"),
            (400, "text"),
            (422, "text"),
        ],
    )
    def test_permanent_errors_are_not_retryable(
        self, engine: InferenceEngine, provider: FakeInference, status: int, advice: str
    ) -> None:
        provider.script(provider_answers.refused(status, f"bad: {SECRET}"))
        error = speak_error(engine)
        assert (error.code, error.retryable) == ("provider_rejected", False)
        assert str(status) in error.message
        assert advice in error.message

    @pytest.mark.parametrize(
        "answer",
        [
            provider_answers.refused(500),
            provider_answers.refused(503, "overloaded"),
            provider_answers.refused(408),
            provider_answers.odd_json(),
            Answer(200, b"junk", content_type="audio/wav"),
            Answer(502, b"<html>bad gateway</html>", content_type="text/html"),
            provider_answers.cut(),
            provider_answers.cut(after_bytes=100),
        ],
    )
    def test_temporary_errors_are_retryable(
        self, engine: InferenceEngine, provider: FakeInference, answer: Answer
    ) -> None:
        provider.script(answer)
        error = speak_error(engine)
        assert (error.code, error.retryable, error.retry_after_s) == ("provider_unavailable", True, None)
        assert speak(engine).samples.size

    def test_a_timeout_is_retryable(self, provider: FakeInference) -> None:
        provider.script(provider_answers.slow(20.0))
        error = speak_error(InferenceEngine(token=TOKEN, url=provider.url, timeout_s=0.2))
        assert (error.code, error.retryable) == ("provider_unavailable", True)
        assert "in time" in error.message

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://no-such-host.invalid/", "http://["])
    def test_an_unreachable_provider_is_retryable(self, url: str) -> None:
        error = speak_error(InferenceEngine(token=TOKEN, url=url, timeout_s=2.0))
        assert (error.code, error.retryable) == ("provider_unavailable", True)
        assert "ORATIO_INFERENCE_URL" in error.message


class TestRetryAfter:
    def test_seconds_are_parsed(self, engine: InferenceEngine, provider: FakeInference) -> None:
        provider.script(provider_answers.limited("7"))
        assert speak_error(engine).retry_after_s == 7.0

    def test_a_date_is_compared_with_the_clock_of_the_provider(
        self, engine: InferenceEngine, provider: FakeInference
    ) -> None:
        until = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
        provider.script(provider_answers.limited(until))
        wait_s = speak_error(engine).retry_after_s
        assert wait_s is not None
        assert 80 < wait_s <= 91

    def test_the_estimate_of_a_loading_model_is_used(
        self, engine: InferenceEngine, provider: FakeInference
    ) -> None:
        provider.script(provider_answers.loading(20.0))
        assert speak_error(engine).retry_after_s == 20.0

    @pytest.mark.parametrize("value", ["soon", "-5", "0", "Wed, 21 Oct 2015 07:28:00 GMT"])
    def test_an_invalid_value_is_ignored(
        self, engine: InferenceEngine, provider: FakeInference, value: str
    ) -> None:
        provider.script(provider_answers.limited(value))
        assert speak_error(engine).retry_after_s is None

    def test_the_wait_is_bounded(self, engine: InferenceEngine, provider: FakeInference) -> None:
        provider.script(provider_answers.limited("99999999"))
        assert speak_error(engine).retry_after_s == 3600.0


class TestCircuitBreaker:
    def open(self, engine: InferenceEngine, provider: FakeInference) -> None:
        provider.script(*[provider_answers.refused(500)] * 5)
        for _ in range(5):
            speak_error(engine)

    def test_calls_fail_at_once_after_five_failures(
        self, engine: InferenceEngine, provider: FakeInference, clock: Clock
    ) -> None:
        self.open(engine, provider)
        clock.now_s += 10
        error = speak_error(engine)
        assert (error.code, error.retryable, error.retry_after_s) == ("provider_unavailable", True, 20.0)
        assert len(provider.requests) == 5

    def test_a_successful_probe_closes_it(
        self, engine: InferenceEngine, provider: FakeInference, clock: Clock
    ) -> None:
        self.open(engine, provider)
        clock.now_s += 30
        assert speak(engine).samples.size
        assert speak(engine).samples.size

    def test_a_failed_probe_opens_it_again(
        self, engine: InferenceEngine, provider: FakeInference, clock: Clock
    ) -> None:
        self.open(engine, provider)
        clock.now_s += 30
        provider.script(provider_answers.refused(500))
        speak_error(engine)
        assert speak_error(engine).retry_after_s == 30.0
        assert len(provider.requests) == 6

    def test_a_refusal_does_not_count_as_a_failure(
        self, engine: InferenceEngine, provider: FakeInference
    ) -> None:
        bad, refused = provider_answers.refused(500), provider_answers.refused(422)
        provider.script(*[bad] * 4, refused, *[bad] * 4)
        for _ in range(9):
            speak_error(engine)
        assert speak(engine).samples.size

    def test_only_one_probe_runs_at_a_time(self, clock: Clock) -> None:
        breaker = CircuitBreaker(limit=1, cooldown_s=30.0, clock=clock)
        breaker.record_failure()
        clock.now_s += 30
        assert breaker.wait_s() == 0.0
        assert breaker.wait_s() > 0
        breaker.record_no_result()
        assert breaker.wait_s() == 0.0

    def test_late_failures_do_not_extend_the_cooldown(self, clock: Clock) -> None:
        breaker = CircuitBreaker(limit=1, cooldown_s=30.0, clock=clock)
        breaker.record_failure()
        clock.now_s += 20
        breaker.record_failure()
        assert breaker.wait_s() == 10.0
