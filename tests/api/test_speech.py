"""POST /v1/audio/speech with OpenAI's client: errors, names, and requests that share a job."""

import secrets
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import openai
import pytest

from api.streaming import presence
from common.db.migration import migrate
from common.settings import Settings
from tests.support.cutting_proxy import cutting_proxy
from tests.support.gateway import RunningGateway, StandInWorker, run_gateway, tiny_wav
from tests.support.waiting import wait_for

FORMATS = ("wav", "flac", "mp3", "opus", "aac", "pcm")
REQUEST: dict[str, Any] = {
    "model": "tts-1",
    "voice": "alloy",
    "input": "Hello there.",
    "response_format": "wav",
}


@contextmanager
def running(settings: Settings, *, announced: bool = True, **changes: Any) -> Iterator[RunningGateway]:
    with run_gateway(settings.model_copy(update=changes), announced=False) as gateway:
        if announced:
            gateway.announce(formats=FORMATS)
        yield gateway


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[RunningGateway]:
    """A gateway for requests that do not affect each other."""
    folder = tmp_path_factory.mktemp("speech")
    url = f"sqlite:///{folder / 'oratio.db'}"
    migrate(url)
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        database_url=url,
        redis_url=valkey_url,
        queue_prefix=f"t{secrets.token_hex(4)}",
        max_text_chars=1000,
        openai_models={"house": "kokoro"},
        openai_voices={"house": "af_sky", "echo": "hibari_heart"},
    )
    with running(settings) as opened:
        opened.announce(voices=("heart", "kore"), formats=FORMATS)
        yield opened


@pytest.fixture
def gateway(settings: Settings) -> Iterator[RunningGateway]:
    with running(settings, max_text_chars=1000) as opened:
        yield opened


@contextmanager
def client_of(url: str, *, max_retries: int = 0) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{url}/v1", api_key="anything", max_retries=max_retries, timeout=20
    ) as client:
        yield client


def error_for(url: str, **body: Any) -> openai.APIStatusError:
    """Return the error for a valid request with the changes in `body`. None removes a field."""
    fields = {key: value for key, value in {**REQUEST, **body}.items() if value is not None}
    with client_of(url) as client, pytest.raises(openai.APIStatusError) as refused:
        client.post("/audio/speech", body=fields, cast_to=object)
    error = refused.value
    assert error.response.headers["content-type"] == "application/json"
    assert set(error.response.json()) == {"error"}
    assert error.response.json()["error"] == error.body
    return error


def param_and_code(error: openai.APIStatusError) -> tuple[str | None, str | None]:
    assert isinstance(error.body, dict)
    assert set(error.body) == {"message", "type", "param", "code"}
    assert error.message
    return error.param, error.code


def jobs(gateway: RunningGateway) -> list[str]:
    return [job["job_id"] for job in gateway.client.get("/jobs").json()["items"]]


# Errors.


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"input": None}, "input", "missing_field"),
        ({"input": ""}, "input", "empty_text"),
        ({"input": " \n"}, "input", "empty_text"),
        ({"input": ["Hello."]}, "input", "invalid_request"),
        ({"input": "One [pause:61s] two."}, "input", "invalid_tag"),
        ({"input": "<speak>One"}, "input", "invalid_ssml"),
        ({"input": "One", "input_type": "ssml"}, "input", "invalid_ssml"),
        ({"speed": 0.2}, "speed", "invalid_request"),
        ({"speed": 4.1}, "speed", "invalid_request"),
        ({"speed": "fast"}, "speed", "invalid_request"),
        ({"response_format": "mp4"}, "response_format", "invalid_request"),
        ({"stream_format": "chunks"}, "stream_format", "invalid_request"),
        ({"voice": 3}, "voice", "invalid_request"),
        ({"voice": {"name": "alloy"}}, "voice", "invalid_request"),
        ({"voice": "no such/voice"}, "voice", "invalid_voice_id"),
        ({"model": "kokoro", "voice": "hibari_heart"}, "voice", "voice_of_another_model"),
        ({"voice": "parler_laura", "instructions": "a" * 1001}, "instructions", "invalid_request"),
        ({"instructions": "a" * 5000}, "instructions", "invalid_request"),
    ],
)
def test_an_invalid_field_is_named(
    shared: RunningGateway, body: dict[str, Any], param: str, code: str
) -> None:
    before = jobs(shared)
    error = error_for(shared.url, **body)
    assert isinstance(error, openai.BadRequestError)
    assert param_and_code(error) == (param, code)
    assert error.type == "invalid_request_error"
    assert "text is" not in error.message
    assert "voice_id" not in error.message
    assert jobs(shared) == before


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"model": "tts-9"}, "model", "model_not_found"),
        ({"voice": "nobody"}, "voice", "voice_not_found"),
        ({"input": "[voice:nobody] Hello."}, "input", "voice_not_found"),
    ],
)
def test_unknown_names_are_not_found(
    shared: RunningGateway, body: dict[str, Any], param: str, code: str
) -> None:
    before = jobs(shared)
    error = error_for(shared.url, **body)
    assert isinstance(error, openai.NotFoundError)
    assert param_and_code(error) == (param, code)
    assert jobs(shared) == before


def test_a_text_that_is_too_long_is_a_413(gateway: RunningGateway) -> None:
    error = error_for(gateway.url, input="Hello. " * 143)
    assert (error.status_code, *param_and_code(error)) == (413, "input", "text_too_long")
    assert "raise ORATIO_MAX_TEXT_CHARS" in error.message
    assert "1000" in error.message
    assert jobs(gateway) == []


def test_without_a_worker_the_error_says_when_to_retry(settings: Settings) -> None:
    with running(settings, announced=False) as gateway:
        error = error_for(gateway.url)
    assert isinstance(error, openai.InternalServerError)
    assert (error.status_code, *param_and_code(error)) == (503, None, "no_worker")
    assert int(error.response.headers["retry-after"]) >= 1


def test_with_a_full_queue_the_error_says_when_to_retry(settings: Settings) -> None:
    with running(settings, queue_max=1) as gateway:
        waiting = gateway.submit()
        error = error_for(gateway.url)
        assert jobs(gateway) == [waiting]
    assert isinstance(error, openai.InternalServerError)
    assert (error.status_code, *param_and_code(error)) == (503, None, "queue_full")
    assert int(error.response.headers["retry-after"]) >= 1


def test_a_client_that_retries_succeeds_when_the_queue_has_space(settings: Settings) -> None:
    with running(settings, queue_max=1) as gateway, ThreadPoolExecutor(1) as pool:
        first = gateway.submit(text="An earlier job.")
        with client_of(gateway.url, max_retries=8) as client:
            pending = pool.submit(client.audio.speech.create, **REQUEST)
            assert gateway.next_queued_job() == first
            gateway.complete(first)
            second = gateway.next_queued_job(timeout_s=15)
            assert second is not None
            audio = gateway.complete(second)
            assert pending.result(15).read()[44:] == audio[44:]


def test_a_failure_before_the_first_audio_is_an_error_response(gateway: RunningGateway) -> None:
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(error_for, gateway.url)
        job_id = gateway.next_queued_job()
        assert job_id is not None
        gateway.fail(job_id, code="engine_failed", message="The engine is broken.")
        error = pending.result(15)
    assert isinstance(error, openai.InternalServerError)
    assert (error.status_code, error.code, error.message.endswith("The engine is broken.")) == (
        502,
        "engine_failed",
        True,
    )
    assert isinstance(error.body, dict)
    assert error.body["job_id"] == job_id


# Names.


@pytest.mark.parametrize(
    ("names", "voice_id"),
    [
        ({"model": "hibari", "voice": "alloy"}, "hibari_kore"),
        # The available voice, although two others are preferred.
        ({"model": "tts-1-hd", "voice": "fable"}, "hibari_heart"),
        ({"model": "gpt-4o-mini-tts-2025-12-15", "voice": {"id": "alloy"}}, "hibari_kore"),
        ({"model": "oratio", "voice": {"id": "hibari_heart"}}, "hibari_heart"),
        ({"model": "kokoro", "voice": "alloy"}, "af_alloy"),
        ({"model": "hexgrad/Kokoro-82M", "voice": "bm_fable"}, "bm_fable"),
        # Aliases of the operator.
        ({"model": "house", "voice": "nova"}, "af_nova"),
        ({"model": "tts-1", "voice": "house"}, "af_sky"),
        ({"model": "tts-1", "voice": "echo"}, "hibari_heart"),
    ],
)
def test_openai_names_map_to_voices(shared: RunningGateway, names: dict[str, Any], voice_id: str) -> None:
    """Without a worker for the voice the job is a beep, but has the right voice id."""
    with StandInWorker(shared).running(), client_of(shared.url) as client:
        response = client.audio.speech.create(**{**REQUEST, **names})
        job = shared.client.get(f"/jobs/{response.response.headers['x-oratio-job-id']}").json()
    assert job["voice_id"] == voice_id


def test_an_alias_of_an_openai_model_prefers_the_same_voices(settings: Settings) -> None:
    """`tts-1` prefers hibari, although the list of voices starts with Kokoro."""
    aliases: dict[str, Any] = {"openai_models": {"quick": "tts-1"}, "fallback_stub": False, "tts_stub": True}
    with (
        running(settings, **aliases) as gateway,
        StandInWorker(gateway).running(),
        client_of(gateway.url) as client,
    ):
        voice_ids = [
            gateway.client.get(
                f"/jobs/{client.audio.speech.create(**REQUEST | {'model': model}).response.headers['x-oratio-job-id']}"
            ).json()["voice_id"]
            for model in ("tts-1", "quick")
        ]
    assert voice_ids[0] == voice_ids[1]
    assert voice_ids[0].startswith("hibari_")


def test_unknown_keys_and_unsupported_instructions_are_ignored(gateway: RunningGateway) -> None:
    with StandInWorker(gateway).running(), client_of(gateway.url) as client:
        more = {"user": "ada", "lang_code": "a", "voice_settings": {"stability": 1}, "stream": True}
        response = client.audio.speech.create(**REQUEST, instructions="Calmly. " * 500, extra_body=more)
    assert response.read()[:4] == b"RIFF"


def test_models_and_voices_are_listed(settings: Settings) -> None:
    aliases: dict[str, Any] = {
        "openai_models": {"house": "kokoro"},
        "openai_voices": {"Our Own": "af_sky", "echo": "af_nova"},
    }
    with running(settings, **aliases) as gateway, client_of(gateway.url) as client:
        models = {model.id: model for model in client.models.list()}
        hibari = client.models.retrieve("hibari")
        unlisted = [
            client.models.retrieve(name) for name in ("hexgrad/Kokoro-82M", "gpt-4o-mini-tts-2025-12-15")
        ]
        voices = gateway.client.get("/v1/audio/voices").json()["voices"]
        speech_models = gateway.client.get("/v1/audio/models").json()["models"]
        with pytest.raises(openai.NotFoundError) as unknown:
            client.models.retrieve("tts-9")
    assert unknown.value.code == "model_not_found"
    assert {"tts-1", "tts-1-hd", "gpt-4o-mini-tts", "house", "hibari", "kokoro"} <= set(models)
    assert models["hibari"] == hibari
    assert [(model.id, model.owned_by) for model in unlisted] == [
        ("hexgrad/Kokoro-82M", models["kokoro"].owned_by),
        ("gpt-4o-mini-tts-2025-12-15", models["gpt-4o-mini-tts"].owned_by),
    ]
    assert (hibari.object, hibari.created > 0, bool(hibari.owned_by)) == ("model", True, True)
    assert [(model["id"], model["name"]) for model in speech_models] == [(name, name) for name in models]
    by_id = {voice["id"]: voice for voice in voices}
    assert len(by_id) == len(voices)
    assert {"alloy", "cedar", "hibari_heart", "af_sky", "Our Own"} <= set(by_id)
    assert (by_id["Our Own"]["name"], by_id["Our Own"]["model"]) == ("Our Own", "kokoro")
    assert by_id["echo"]["model"] == "kokoro"


# Requests that share a job.


@contextmanager
def sending(url: str, *, times: int = 1, max_retries: int = 0, **body: Any) -> Iterator[list[Future[bytes]]]:
    """Send equal requests in threads."""

    def send() -> bytes:
        with client_of(url, max_retries=max_retries) as client:
            return client.audio.speech.create(**{**REQUEST, **body}).read()

    with ThreadPoolExecutor(times) as pool:
        yield [pool.submit(send) for _ in range(times)]


def test_a_retry_after_a_broken_connection_joins_the_job(gateway: RunningGateway) -> None:
    found_jobs: list[str] = []

    def job_exists() -> bool:
        found_jobs.extend(jobs(gateway))
        return bool(found_jobs)

    with (
        cutting_proxy(gateway.url, [0, 0], wait_for_request=lambda: wait_for(job_exists)) as url,
        sending(url, max_retries=2) as (response,),
    ):
        # Two connections broke after the job was created. The third one waits.
        wait_for(lambda: len(found_jobs) >= 2)
        job_id = gateway.next_queued_job()
        assert job_id == found_jobs[0]
        audio = gateway.complete(job_id)
        assert response.result(15)[44:] == audio[44:]
    assert jobs(gateway) == [job_id]
    assert gateway.next_queued_job(timeout_s=0.2) is None


def test_a_retry_after_a_broken_connection_gets_audio_made_in_the_meantime(
    gateway: RunningGateway,
) -> None:
    audio: list[bytes] = []

    def complete_job() -> None:
        job_id = gateway.next_queued_job()
        assert job_id is not None
        audio.append(gateway.complete(job_id))

    with (
        cutting_proxy(gateway.url, [0], wait_for_request=complete_job) as url,
        sending(url, max_retries=1) as (response,),
    ):
        assert response.result(15)[44:] == audio[0][44:]
    assert len(jobs(gateway)) == 1


def test_concurrent_equal_requests_share_a_job(gateway: RunningGateway) -> None:
    with sending(gateway.url, times=3) as answers:
        job_id = gateway.next_queued_job()
        assert job_id is not None
        wait_for(lambda: len(gateway.client.get("/jobs").json()["items"]) == 1)
        audio = gateway.complete(job_id, audio=tiny_wav(frames=24_000))
        assert {response.result(15)[44:] for response in answers} == {audio[44:]}
    assert jobs(gateway) == [job_id]


@pytest.mark.parametrize(
    "other",
    [
        {"input": "Hello here."},
        {"voice": "hibari_heart", "speed": 1.5},
        {"response_format": "mp3"},
        {"extra_body": {"seed": 7}},
        {"extra_body": {"keep": True}},
    ],
)
def test_different_requests_have_different_jobs(gateway: RunningGateway, other: dict[str, Any]) -> None:
    with sending(gateway.url) as (first,), sending(gateway.url, **other) as (second,):
        for _ in range(2):
            job_id = gateway.next_queued_job()
            assert job_id is not None
            gateway.complete(job_id)
        assert first.result(15)
        assert second.result(15)
    assert len(jobs(gateway)) == 2


def test_a_repeated_request_soon_after_delivery_joins_the_job(gateway: RunningGateway) -> None:
    with StandInWorker(gateway).running() as worker:
        for _ in (1, 2):
            with sending(gateway.url) as (response,):
                assert response.result(15)
        assert len(jobs(gateway)) == len(worker.completed) == 1


def test_a_repeated_request_after_the_grace_time_is_a_new_job(
    gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "LEAVE_GRACE_S", 0.1)
    with StandInWorker(gateway).running() as worker:
        for count in (1, 2):
            with sending(gateway.url) as (response,):
                assert response.result(15)
            # The job is marked as delivered shortly after the last byte.
            wait_for(lambda: not keys(gateway))
            assert len(jobs(gateway)) == len(worker.completed) == count


def test_a_repeated_request_after_a_failure_is_a_new_job(gateway: RunningGateway) -> None:
    for count in (1, 2):
        with sending(gateway.url) as (response,):
            job_id = gateway.next_queued_job()
            assert job_id is not None
            gateway.fail(job_id, code="engine_failed")
            with pytest.raises(openai.InternalServerError):
                response.result(15)
        assert len(jobs(gateway)) == count


def keys(gateway: RunningGateway) -> list[str]:
    with gateway.database.read() as connection:
        return list(connection.exec_driver_sql("SELECT key FROM idempotency").scalars())
