"""POST /v1/audio/speech as OpenAI's own client sees it: what is refused, and which requests are one."""

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
from tests.support.cuts import cutting
from tests.support.gateway import Running, Speaker, run_gateway, tiny_wav
from tests.support.waiting import wait_for

FORMATS = ("wav", "flac", "mp3", "opus", "aac", "pcm")
ASKED: dict[str, Any] = {
    "model": "tts-1",
    "voice": "alloy",
    "input": "Hello there.",
    "response_format": "wav",
}


@contextmanager
def running(settings: Settings, *, announced: bool = True, **changes: Any) -> Iterator[Running]:
    with run_gateway(settings.model_copy(update=changes), announced=False) as gateway:
        if announced:
            gateway.announce(formats=FORMATS)
        yield gateway


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[Running]:
    """For requests that are refused or spoken at once, so that none matters to another."""
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
    with running(settings) as one:
        one.announce(voices=("heart", "kore"), formats=FORMATS)
        yield one


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Running]:
    with running(settings, max_text_chars=1000) as one:
        yield one


@contextmanager
def client_of(url: str, *, max_retries: int = 0) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{url}/v1", api_key="anything", max_retries=max_retries, timeout=20
    ) as client:
        yield client


def refusal(url: str, **body: Any) -> openai.APIStatusError:
    """What the client raises for a request with `body` in place of what is right; None leaves a field out."""
    asked = {key: value for key, value in {**ASKED, **body}.items() if value is not None}
    with client_of(url) as client, pytest.raises(openai.APIStatusError) as refused:
        client.post("/audio/speech", body=asked, cast_to=object)
    error = refused.value
    assert error.response.headers["content-type"] == "application/json"
    assert set(error.response.json()) == {"error"}
    assert error.response.json()["error"] == error.body
    return error


def told(error: openai.APIStatusError) -> tuple[str | None, str | None]:
    assert isinstance(error.body, dict)
    assert set(error.body) == {"message", "type", "param", "code"}
    assert error.message
    return error.param, error.code


def jobs(gateway: Running) -> list[str]:
    return [job["job_id"] for job in gateway.client.get("/jobs").json()["items"]]


# What is refused.


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"input": None}, "input", "missing_field"),
        ({"model": None}, "model", "missing_field"),
        ({"voice": None}, "voice", "missing_field"),
        ({"input": ""}, "input", "empty_text"),
        ({"input": " \n"}, "input", "empty_text"),
        ({"input": "*** ..."}, "input", "nothing_to_speak"),
        ({"input": ["Hello."]}, "input", "invalid_request"),
        ({"input": "One [pause:x] two."}, "input", "invalid_tag"),
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
def test_a_bad_field_is_named(shared: Running, body: dict[str, Any], param: str, code: str) -> None:
    before = jobs(shared)
    error = refusal(shared.url, **body)
    assert isinstance(error, openai.BadRequestError)
    assert told(error) == (param, code)
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
def test_what_nobody_knows_is_not_found(shared: Running, body: dict[str, Any], param: str, code: str) -> None:
    before = jobs(shared)
    error = refusal(shared.url, **body)
    assert isinstance(error, openai.NotFoundError)
    assert told(error) == (param, code)
    assert jobs(shared) == before


def test_a_text_too_long_is_a_413(gateway: Running) -> None:
    error = refusal(gateway.url, input="Hello. " * 143)
    assert (error.status_code, *told(error)) == (413, "input", "text_too_long")
    assert "1000" in error.message
    assert jobs(gateway) == []


def test_where_nobody_speaks_it_is_told_when_to_come_again(settings: Settings) -> None:
    with running(settings, announced=False) as gateway:
        error = refusal(gateway.url)
    assert isinstance(error, openai.InternalServerError)
    assert (error.status_code, *told(error)) == (503, None, "no_worker")
    assert int(error.response.headers["retry-after"]) >= 1


def test_where_the_queue_is_full_it_is_told_when_to_come_again(settings: Settings) -> None:
    with running(settings, queue_max=1) as gateway:
        waiting = gateway.queue()
        error = refusal(gateway.url)
        assert jobs(gateway) == [waiting]
    assert isinstance(error, openai.InternalServerError)
    assert (error.status_code, *told(error)) == (503, None, "queue_full")
    assert int(error.response.headers["retry-after"]) >= 1


def test_a_client_that_tries_again_gets_through_when_there_is_room(settings: Settings) -> None:
    with running(settings, queue_max=1) as gateway, ThreadPoolExecutor(1) as pool:
        first = gateway.queue(text="Somebody was here before.")
        with client_of(gateway.url, max_retries=8) as client:
            asked = pool.submit(client.audio.speech.create, **ASKED)
            assert gateway.next_bell() == first
            gateway.complete(first)
            second = gateway.next_bell(timeout_s=15)
            assert second is not None
            sound = gateway.complete(second)
            assert asked.result(15).read()[44:] == sound[44:]


def test_what_fails_before_the_first_sound_is_an_answer_and_not_a_body(gateway: Running) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(refusal, gateway.url)
        job_id = gateway.next_bell()
        assert job_id is not None
        gateway.fail(job_id, code="engine_failed", message="The engine is broken.")
        error = asked.result(15)
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
    ("asked", "spoken"),
    [
        ({"model": "hibari", "voice": "alloy"}, "hibari_kore"),
        # What is there, though two others would be better.
        ({"model": "tts-1-hd", "voice": "fable"}, "hibari_heart"),
        ({"model": "gpt-4o-mini-tts-2025-12-15", "voice": {"id": "alloy"}}, "hibari_kore"),
        ({"model": "oratio", "voice": {"id": "hibari_heart"}}, "hibari_heart"),
        ({"model": "kokoro", "voice": "alloy"}, "af_alloy"),
        ({"model": "hexgrad/Kokoro-82M", "voice": "bm_fable"}, "bm_fable"),
        # The operator's own.
        ({"model": "house", "voice": "nova"}, "af_nova"),
        ({"model": "tts-1", "voice": "house"}, "af_sky"),
        ({"model": "tts-1", "voice": "echo"}, "hibari_heart"),
    ],
)
def test_a_name_of_theirs_is_a_voice_of_ours(shared: Running, asked: dict[str, Any], spoken: str) -> None:
    """What no worker has here is a beep, by the voice that was meant."""
    with Speaker(shared).working(), client_of(shared.url) as client:
        answer = client.audio.speech.create(**{**ASKED, **asked})
        job = shared.client.get(f"/jobs/{answer.response.headers['x-oratio-job-id']}").json()
    assert job["voice_id"] == spoken


def test_a_name_of_the_operators_for_one_of_theirs_prefers_what_theirs_does(settings: Settings) -> None:
    """`tts-1` begins with hibari, though a voice's own list begins with Kokoro."""
    own: dict[str, Any] = {"openai_models": {"quick": "tts-1"}, "fallback_stub": False, "tts_stub": True}
    with running(settings, **own) as gateway, Speaker(gateway).working(), client_of(gateway.url) as client:
        spoken = [
            gateway.client.get(
                f"/jobs/{client.audio.speech.create(**ASKED | {'model': model}).response.headers['x-oratio-job-id']}"
            ).json()["voice_id"]
            for model in ("tts-1", "quick")
        ]
    assert spoken[0] == spoken[1]
    assert spoken[0].startswith("hibari_")


def test_unknown_keys_and_instructions_that_no_voice_takes_are_left_aside(gateway: Running) -> None:
    with Speaker(gateway).working(), client_of(gateway.url) as client:
        more = {"user": "ada", "lang_code": "a", "voice_settings": {"stability": 1}, "stream": True}
        answer = client.audio.speech.create(**ASKED, instructions="Calmly. " * 500, extra_body=more)
    assert answer.read()[:4] == b"RIFF"


def test_what_can_be_asked_for_is_listed(settings: Settings) -> None:
    own: dict[str, Any] = {
        "openai_models": {"house": "kokoro"},
        "openai_voices": {"Our Own": "af_sky", "echo": "af_nova"},
    }
    with running(settings, **own) as gateway, client_of(gateway.url) as client:
        models = {model.id: model for model in client.models.list()}
        one = client.models.retrieve("hibari")
        unlisted = [
            client.models.retrieve(name) for name in ("hexgrad/Kokoro-82M", "gpt-4o-mini-tts-2025-12-15")
        ]
        voices = gateway.client.get("/v1/audio/voices").json()["voices"]
        speech_models = gateway.client.get("/v1/audio/models").json()["models"]
        with pytest.raises(openai.NotFoundError) as unknown:
            client.models.retrieve("tts-9")
    assert unknown.value.code == "model_not_found"
    assert {"tts-1", "tts-1-hd", "gpt-4o-mini-tts", "house", "hibari", "kokoro"} <= set(models)
    assert models["hibari"] == one
    assert [(model.id, model.owned_by) for model in unlisted] == [
        ("hexgrad/Kokoro-82M", models["kokoro"].owned_by),
        ("gpt-4o-mini-tts-2025-12-15", models["gpt-4o-mini-tts"].owned_by),
    ]
    assert (one.object, one.created > 0, bool(one.owned_by)) == ("model", True, True)
    assert [(model["id"], model["name"]) for model in speech_models] == [(name, name) for name in models]
    by_id = {voice["id"]: voice for voice in voices}
    assert len(by_id) == len(voices)
    assert {"alloy", "cedar", "hibari_heart", "af_sky", "Our Own"} <= set(by_id)
    assert (by_id["Our Own"]["name"], by_id["Our Own"]["model"]) == ("Our Own", "kokoro")
    assert by_id["echo"]["model"] == "kokoro"


# Which requests are one.


@contextmanager
def asking(url: str, *, times: int = 1, max_retries: int = 0, **body: Any) -> Iterator[list[Future[bytes]]]:
    """Requests under way, all the same."""

    def ask() -> bytes:
        with client_of(url, max_retries=max_retries) as client:
            return client.audio.speech.create(**{**ASKED, **body}).read()

    with ThreadPoolExecutor(times) as pool:
        yield [pool.submit(ask) for _ in range(times)]


def test_a_request_whose_connection_broke_goes_on_with_its_job(gateway: Running) -> None:
    heard: list[str] = []

    def has_listeners() -> bool:
        heard.extend(jobs(gateway))
        return bool(heard)

    with (
        cutting(gateway.url, [0, 0], is_asked=lambda: wait_for(has_listeners)) as url,
        asking(url, max_retries=2) as (answer,),
    ):
        # Both times it was cut off after the job was there; the third time it waits.
        wait_for(lambda: len(heard) >= 2)
        job_id = gateway.next_bell()
        assert job_id == heard[0]
        sound = gateway.complete(job_id)
        assert answer.result(15)[44:] == sound[44:]
    assert jobs(gateway) == [job_id]
    assert gateway.next_bell(timeout_s=0.2) is None


def test_a_request_whose_connection_broke_finds_its_sound_though_it_was_made_meanwhile(
    gateway: Running,
) -> None:
    made: list[bytes] = []

    def is_made() -> None:
        job_id = gateway.next_bell()
        assert job_id is not None
        made.append(gateway.complete(job_id))

    with cutting(gateway.url, [0], is_asked=is_made) as url, asking(url, max_retries=1) as (answer,):
        assert answer.result(15)[44:] == made[0][44:]
    assert len(jobs(gateway)) == 1


def test_equal_requests_at_once_share_a_job(gateway: Running) -> None:
    with asking(gateway.url, times=3) as answers:
        job_id = gateway.next_bell()
        assert job_id is not None
        wait_for(lambda: len(gateway.client.get("/jobs").json()["items"]) == 1)
        sound = gateway.complete(job_id, audio=tiny_wav(frames=24_000))
        assert {answer.result(15)[44:] for answer in answers} == {sound[44:]}
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
def test_requests_that_differ_share_nothing(gateway: Running, other: dict[str, Any]) -> None:
    with asking(gateway.url) as (one,), asking(gateway.url, **other) as (another,):
        for _ in range(2):
            job_id = gateway.next_bell()
            assert job_id is not None
            gateway.complete(job_id)
        assert one.result(15)
        assert another.result(15)
    assert len(jobs(gateway)) == 2


def test_what_went_out_whole_and_may_not_have_arrived_is_not_spoken_twice(gateway: Running) -> None:
    with Speaker(gateway).working() as speaker:
        for _ in (1, 2):
            with asking(gateway.url) as (answer,):
                assert answer.result(15)
        assert len(jobs(gateway)) == len(speaker.spoken) == 1


def test_what_was_delivered_whole_is_spoken_anew(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "GRACE_S", 0.1)
    with Speaker(gateway).working() as speaker:
        for made in (1, 2):
            with asking(gateway.url) as (answer,):
                assert answer.result(15)
            # Known as delivered a moment after the last byte.
            wait_for(lambda: not keys(gateway))
            assert len(jobs(gateway)) == len(speaker.spoken) == made


def test_what_failed_is_tried_anew(gateway: Running) -> None:
    for made in (1, 2):
        with asking(gateway.url) as (answer,):
            job_id = gateway.next_bell()
            assert job_id is not None
            gateway.fail(job_id, code="engine_failed")
            with pytest.raises(openai.InternalServerError):
                answer.result(15)
        assert len(jobs(gateway)) == made


def keys(gateway: Running) -> list[str]:
    with gateway.database.read() as connection:
        return list(connection.exec_driver_sql("SELECT key FROM idempotency").scalars())
