"""The client when connections break, requests are refused, and the service is busy."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from cli.client import Client, ClientError, Job
from cli.client.connection import retry_after_s
from cli.client.decoding import decode
from cli.client.events import parse
from cli.client.files import AudioFile, atomic_write
from tests.support.command import oratio
from tests.support.ports import free_port
from tests.support.scripted import (
    ScriptedResponse,
    error_response,
    event_stream,
    json_response,
    scripted_server,
)
from tests.support.scripted_speech import DONE, ERROR, audio_delta, failing_stream

AUDIO = bytes(range(256)) * 4
BREAK = ScriptedResponse(None)


def job(status: str = "completed", **more: object) -> dict[str, object]:
    return {"job_id": "j", "status": status} | more


# Decoding.


def test_unknown_keys_stay_in_raw_and_missing_keys_have_defaults() -> None:
    data = job(
        created_at="2026-07-01T12:00:00.5Z",
        progress={"segments_done": 2, "mood": "good"},
        warnings=["a", "b"],
        error=None,
        colour="blue",
    )
    found = decode(Job, data)
    assert found.progress.segments_done == 2
    assert found.progress.segments_total is None
    assert found.warnings == ("a", "b")
    assert found.created_at == datetime(2026, 7, 1, 12, 0, 0, 500_000, tzinfo=UTC)
    assert found.raw["colour"] == "blue"


@pytest.mark.parametrize("data", [{}, [], "job", None, {"job_id": "j"}, job(created_at="soon")])
def test_an_invalid_job_is_refused(data: object) -> None:
    with pytest.raises(ClientError, match="unexpected_answer"):
        decode(Job, data)


def test_server_sent_events_are_parsed() -> None:
    lines = ': hello\n\nid: 1\nevent: a\ndata: {"x":\ndata: 1}\n\ndata:{}\n\nevent: b\n\ndata: {"cut": 1}'
    assert [(one.id, one.name, one.data) for one in parse(lines.split("\n"))] == [
        ("1", "a", {"x": 1}),
        (None, "message", {}),
    ]


# Errors.


def test_an_error_has_the_status_code_message_and_field() -> None:
    with (
        scripted_server(
            {"GET /jobs/j": [error_response(404, "job_not_found", message="Unknown.")]}
        ) as script,
        Client(script.url) as client,
        pytest.raises(ClientError, match=r"^Unknown\. \(job_not_found\)$") as refusal,
    ):
        client.job("j")
    failed = refusal.value
    assert (failed.status, failed.code, failed.message, failed.param) == (
        404,
        "job_not_found",
        "Unknown.",
        "text",
    )
    assert failed.retry_after_s is None
    assert not failed.is_lost


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error": "x"}', b""])
def test_an_error_in_an_unknown_format_raises_a_client_error(body: bytes) -> None:
    with (
        scripted_server({"GET /jobs/j": [ScriptedResponse(502, body)]}) as script,
        Client(script.url) as client,
        pytest.raises(ClientError, match="502 Bad Gateway") as refusal,
    ):
        client.job("j")
    assert refusal.value.status == 502


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"items": 1}'])
def test_an_invalid_response_is_refused(body: bytes) -> None:
    with (
        scripted_server({"GET /jobs": [ScriptedResponse(200, body)]}) as script,
        Client(script.url) as client,
        pytest.raises(ClientError, match="unexpected_answer"),
    ):
        list(client.jobs())


def test_a_closed_port_is_a_lost_connection() -> None:
    with Client(f"http://127.0.0.1:{free_port()}") as client, pytest.raises(ClientError) as refusal:
        client.job("j")
    assert refusal.value.is_lost
    assert refusal.value.status is None


# Retries.


@pytest.mark.parametrize("status", [429, 503])
def test_a_request_is_retried_after_the_time_that_the_service_names(status: int) -> None:
    waits: list[tuple[float, str]] = []
    script = {"GET /jobs/j": [error_response(status, "full", retry_after="1"), json_response(job())]}
    with (
        scripted_server(script) as server,
        Client(server.url, on_wait=lambda wait_s, why: waits.append((wait_s, why.code))) as client,
    ):
        assert client.job("j").status == "completed"
    assert waits == [(1.0, "full")]


def test_a_request_is_not_retried_beyond_the_maximum_wait() -> None:
    with (
        scripted_server({"GET /jobs/j": [error_response(503, "full", retry_after="30")]}) as script,
        Client(script.url, max_wait_s=5) as client,
        pytest.raises(ClientError) as refusal,
    ):
        client.job("j")
    assert refusal.value.retry_after_s == 30
    assert len(script.requests_to("/jobs/j")) == 1


def test_retry_after_may_be_a_number_or_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < (retry_after_s({"retry-after": later}) or 0) <= 90
    assert retry_after_s({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}) == 0
    assert [retry_after_s({"retry-after": data}) for data in ("7", "soon", "")] == [7, None, None]


def test_a_lost_submission_is_retried_with_the_same_idempotency_key() -> None:
    with (
        scripted_server({"POST /synthesize": [BREAK, json_response(job("queued"), status=202)]}) as script,
        Client(script.url) as client,
    ):
        client.submit("Hello.", voice_id="v", speed=None, normalize=False)
        client.submit("Hello.", key="mine")
    first, again, other = script.requests_to("/synthesize")
    assert first.json == {"text": "Hello.", "voice_id": "v", "normalize": False}
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"]
    assert other.headers["idempotency-key"] == "mine"


# Pages.


def test_only_the_needed_pages_are_requested() -> None:
    pages = [
        json_response({"items": [job(job_id=f"{number}")] * 100, "next_cursor": str(number)})
        for number in range(3)
    ]
    with scripted_server({"GET /jobs": pages}) as script, Client(script.url) as client:
        assert len(list(client.jobs(limit=150, status="failed"))) == 200
    assert [received.path for received in script.requests_to("/jobs")] == [
        "/jobs?limit=100&status=failed",
        "/jobs?limit=50&cursor=0&status=failed",
    ]


# Events.


def test_events_resume_after_the_last_one() -> None:
    first = event_stream(("1", "snapshot", job("running")), ("2", "progress", {"segments_done": 1}), cut=True)
    rest = event_stream(("3", "completed", {"duration_s": 1.0}))
    with (
        scripted_server({"GET /jobs/j/events": [first, BREAK, rest]}) as script,
        Client(script.url) as client,
    ):
        received = list(client.events("j"))
    assert [event.id for event in received] == ["1", "2", "3"]
    assert [requested.headers.get("last-event-id") for requested in script.requests_to("/jobs/j/events")] == [
        None,
        "2",
        "2",
    ]


def test_events_end_when_the_service_answers_204() -> None:
    first = event_stream(("1", "snapshot", job("running")), cut=True)
    with (
        scripted_server({"GET /jobs/j/events": [first, ScriptedResponse(204)]}) as script,
        Client(script.url) as client,
    ):
        assert [event.id for event in client.events("j")] == ["1"]


def test_the_result_of_a_failed_job_raises_its_error() -> None:
    script = {
        "GET /jobs/j/events": [
            event_stream(("1", "failed", {"code": "engine_failed", "message": "Broken."}))
        ],
        "GET /jobs/j": [json_response(job("failed", error={"code": "engine_failed", "message": "Broken."}))],
    }
    with (
        scripted_server(script) as server,
        Client(server.url) as client,
        pytest.raises(ClientError, match=r"^Broken\. \(engine_failed\)$"),
    ):
        client.result("j")


# Files.


def ranged(start: int, *, etag: str = '"a"', cut_at: int | None = None) -> ScriptedResponse:
    headers = {"ETag": etag, "Content-Range": f"bytes {start}-{len(AUDIO) - 1}/{len(AUDIO)}"}
    return ScriptedResponse(206 if start else 200, AUDIO[start:cut_at], headers, cut=cut_at is not None)


def test_a_broken_download_resumes(tmp_path: Path) -> None:
    answers = [ranged(0, cut_at=300), BREAK, ranged(300, cut_at=700), ranged(700)]
    with scripted_server({"GET /jobs/j/audio": answers}) as script, Client(script.url) as client:
        assert client.download("j", tmp_path / "a.wav") == len(AUDIO)
    assert (tmp_path / "a.wav").read_bytes() == AUDIO
    requested = [received.headers.get("range") for received in script.requests_to("/jobs/j/audio")]
    assert requested == [None, "bytes=300-", "bytes=300-", "bytes=700-"]
    assert script.requests_to("/jobs/j/audio")[-1].headers["if-range"] == '"a"'


def test_a_conversion_is_requested_until_it_is_completed() -> None:
    rendition_data = {"job_id": "j", "format": "mp3"}
    completed = rendition_data | {
        "status": "completed",
        "audio_url": "/jobs/j/audio?format=mp3",
        "size_bytes": 9,
    }
    answers = [json_response(rendition_data | {"status": status}) for status in ("queued", "running")]
    script = {"POST /jobs/j/transcode": [*answers, BREAK, json_response(completed)]}
    with scripted_server(script) as served, Client(served.url) as client:
        rendition = client.transcode("j", "mp3")
    assert (rendition.status, rendition.size_bytes) == ("completed", 9)


def test_a_failed_conversion_raises_its_error() -> None:
    script = {"POST /jobs/j/transcode": [error_response(502, "unreadable_audio")]}
    with (
        scripted_server(script) as served,
        Client(served.url) as client,
        pytest.raises(ClientError, match="unreadable_audio"),
    ):
        client.transcode("j", "mp3")


def test_a_download_starts_again_if_the_audio_has_changed(tmp_path: Path) -> None:
    other = ScriptedResponse(200, b"another", {"ETag": '"b"'})
    with (
        scripted_server({"GET /jobs/j/audio": [ranged(0, cut_at=300), other]}) as script,
        Client(script.url) as client,
    ):
        assert client.download("j", tmp_path / "a.wav") == 7
    assert (tmp_path / "a.wav").read_bytes() == b"another"


def test_a_download_that_fails_halfway_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"before")
    answers = [ranged(0, cut_at=300), error_response(410, "audio_gone")]
    with (
        scripted_server({"GET /jobs/j/audio": answers}) as script,
        Client(script.url) as client,
        pytest.raises(ClientError, match="audio_gone"),
    ):
        client.download("j", tmp_path / "a.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
    assert (tmp_path / "a.wav").read_bytes() == b"before"


def test_a_device_is_not_replaced_by_a_file() -> None:
    with atomic_write(Path("/dev/null")) as file:
        file.write(b"x")
    assert Path("/dev/null").is_char_device()


def test_an_incomplete_zip_leaves_no_file(tmp_path: Path) -> None:
    with (
        scripted_server({"POST /export/zip": [ScriptedResponse(200, b"PK", cut=True)]}) as script,
        Client(script.url) as client,
        pytest.raises(ClientError) as failure,
    ):
        client.export_zip(["j"], tmp_path / "a.zip")
    assert failure.value.is_lost
    assert script.requests_to("/export/zip")[0].json == {"job_ids": ["j"]}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("header", "stem"),
    [
        (
            "inline; filename=\"oratio-7.mp3\"; filename*=UTF-8''Good%20morning%21%20%C3%A9.mp3",
            "Good morning! é",
        ),
        ('inline; filename="oratio-7.mp3"', "oratio-7"),
        ("inline; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd.mp3", "oratio-7"),
        ("inline; filename*=UTF-8''C%3A%5Cautoexec.mp3", "oratio-7"),
        ("inline; filename*=UTF-8''a%0Ab.mp3", "oratio-7"),
        ("inline; filename*=UTF-8''.bashrc.mp3", "oratio-7"),
        ("", "oratio-7"),
    ],
)
def test_files_are_called_like_the_service_calls_them(header: str, stem: str) -> None:
    found = AudioFile.of({"content-disposition": header}, default_stem="oratio-7")
    assert found.stem == stem


# Messages of commands.


def test_a_command_prints_why_it_waits(tmp_path: Path) -> None:
    full = error_response(503, "queue_full", message="Too many wait.", retry_after="1")
    with scripted_server({"GET /voices": [full, json_response({"voices": []})]}) as script:
        result = oratio("voices", "--json", folder=tmp_path, url=script.url)
    assert (result.returncode, result.stdout) == (0, "[]\n")
    assert result.stderr == "Too many wait. (queue_full) Retrying in 1 s.\n"


def test_a_command_reports_a_lost_connection(tmp_path: Path) -> None:
    with scripted_server({"GET /jobs": [BREAK]}) as script:
        result = oratio("jobs", folder=tmp_path, url=script.url)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("The connection to the service was lost: ")
    assert len(result.stderr.splitlines()) == 1


# Streams.


def test_a_stream_resumes_after_the_last_event() -> None:
    start = event_stream(
        audio_delta("1-4", AUDIO[:4]), audio_delta("1-9", AUDIO[4:9]), cut=True, x_oratio_job_id="j"
    )
    script = {
        "POST /v1/audio/speech": [start],
        "GET /jobs/j/stream": [BREAK, event_stream(audio_delta("1-1024", AUDIO[9:]), DONE)],
    }
    with (
        scripted_server(script) as server,
        Client(server.url) as client,
        client.stream("Hi.", voice_id="v", style="sighs", format="pcm", seed=7, keep=True) as speech,
    ):
        assert b"".join(speech) == AUDIO
        assert (speech.job_id, speech.size_bytes) == ("j", len(AUDIO))
    assert [received.headers["last-event-id"] for received in server.requests_to("/jobs/j/stream")] == [
        "1-9",
        "1-9",
    ]
    data = server.requests_to("/v1/audio/speech")[0].json
    assert (data["model"], data["input"], data["voice"], data["response_format"]) == (
        "oratio",
        "Hi.",
        "v",
        "pcm",
    )
    assert (data["instructions"], data["seed"], data["keep"]) == ("sighs", 7, True)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (
            failing_stream(event_stream(audio_delta("1-4", b"abcd"), ERROR, x_oratio_job_id="j")),
            "engine_failed",
        ),
        (
            failing_stream(
                event_stream(audio_delta("1-4", b"abcd"), x_oratio_job_id="j"),
                error_response(409, "cancelled"),
            ),
            "cancelled",
        ),
        (failing_stream(event_stream(audio_delta("1-4", b"abcd"))), "stream_broken"),
        (failing_stream(event_stream(audio_delta("1-4", b"abcd"), cut=True)), "stream_broken"),
    ],
)
def test_a_broken_stream_raises_an_error(script: dict[str, list[ScriptedResponse]], code: str) -> None:
    received: list[bytes] = []
    with (
        scripted_server(script) as server,
        Client(server.url) as client,
        client.stream("Hello.") as speech,
        pytest.raises(ClientError, match=r"^The audio ended early, after 4 bytes\.") as failure,
    ):
        received.extend(speech)
    assert failure.value.code == code
    assert received == [b"abcd"]


def test_a_stream_resumes_after_the_gateway_restarts() -> None:
    stopping = (None, None, {"type": "error", "error": {"code": "stopping", "message": "Ask again."}})
    script = failing_stream(
        event_stream(audio_delta("1-4", b"abcd"), stopping, x_oratio_job_id="j"),
        error_response(503, "stopping", retry_after="1"),
        event_stream(audio_delta("1-8", b"efgh"), DONE),
    )
    with (
        scripted_server(script) as server,
        Client(server.url) as client,
        client.stream("Hello.") as speech,
    ):
        assert b"".join(speech) == b"abcdefgh"


def test_an_error_before_the_first_audio_is_raised_at_once() -> None:
    with (
        scripted_server({"POST /v1/audio/speech": [error_response(404, "voice_not_found")]}) as script,
        Client(script.url) as client,
        pytest.raises(ClientError, match="voice_not_found"),
    ):
        client.stream("Hello.", voice_id="nobody")
