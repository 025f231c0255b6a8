# ruff: noqa: RUF001  # this file contains letters that look like others
"""Any text is spoken or refused with a clear error, and the worker keeps working."""

import io
import json
import wave
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.service.processes import WorkerGroup
from cli.service.stack import Stack
from common.settings import Settings

ORDINARY = "An ordinary sentence comes right after it."
# Timeouts of requests, long enough for a busy machine.
TIMEOUT_S = 60.0
LONG_TEXT_TIMEOUT_S = 110.0

SPOKEN = {
    "mixed English and Arabic": "The word مرحبا means hello.",
    "60 ones and a word": "1" * 60 + " words",
    "zalgo": "H̴̢̛͇͔̋e̷͙͐l̶̰̈́l̵̪̋ő̶͜ t̸̡̛h̵̰͘e̶̙͝r̷̨̕ê̴͜.",
    "control characters": "Hello\x01\x02 \x1b[31mthere\x7f\x85.",
    "NUL": "Hello\x00there.",
    "lone surrogates": "Hello \ud800 there \udfff.",
    "a surrogate pair": "Hello \ud83d\ude00 there.",
    "right-to-left override": "Hello \u202edlrow\u202c again.",
    "markdown": "# A title\n\n* one **bold** item\n* `code` and [a link](http://example.org)\n\n```\nx = 1\n```\n",
    "addresses": "See https://example.org/a/b?c=d&e=f#g or write to someone@example.org.",
    "SSML": '<speak><prosody rate="slow">Hello <break time="3s"/> there</prosody></speak>',
    "mathematics": "E = mc² and ½ of √2 ≈ 0.7071, ∑ xᵢ ≤ ∞ €5 ①②③",
    "ligatures and full width": "ﬁne ＦＵＬＬ ｗｉｄｔｈ ℌ𝖊𝖑𝖑𝖔",
    "emoji between words": "Good 👍🏽 morning 👨‍👩‍👧‍👦 to 🇫🇷 you ❤️",
    "quotation marks that never close": '"' * 200 + " hello " + "“" * 200,
    "brackets": "((((((((((((((((((((hello))))))))))))))))))))",
    "one letter": "a",
    "one digit": "7",
    "a formula for a spreadsheet": '=HYPERLINK("http://example.org";"hello")',
    "many empty lines": "One." + "\n" * 2000 + "Two.",
    "carriage returns": "One.\r\nTwo.\rThree.",
    "tabs and exotic spaces": "One\ttwo\u00a0three\u2003four\u3000five\u200bsix.",
    "one sentence, a hundred times": "Again. " * 100,
}
UNSPEAKABLE = {
    "emoji only": "😀🎉👍🏽",
    "punctuation only": "?!... --- ;;; ***",
    "newlines only": "\n\n\n",
    "spaces of all kinds": " \t\u00a0\u2003\u3000",
    "control characters only": "\x01\x02\x1b\x7f",
    "NUL only": "\x00\x00",
    "a lone surrogate only": "\ud800",
    "invisible characters only": "\u200b\u200d\ufeff\u202e",
    "combining marks only": "\u0301\u0302\u0303",
    "an empty text": "",
}
UNREADABLE = {
    "Arabic": "مرحبا بكم في مدينتنا الجميلة، نتمنى لكم يوما سعيدا.",
    "Hebrew": "שלום לכולם, אנחנו שמחים לראות אתכם כאן היום.",
    "Chinese": "今天天气很好，我们一起去公园散步吧。",
    "Hindi": "नमस्ते, आज मौसम बहुत अच्छा है।",
}
GARBLED = {
    "French": ("Bonjour tout le monde, je suis très heureux de vous voir ce matin.", "looks like fr"),
    "Vietnamese": ("Xin chào các bạn, hôm nay trời đẹp quá.", "looks like vi"),
    "Cyrillic": ("Добрый день, мы рады видеть вас в нашем городе.", "Cyrillic script"),
}
# Spoken at double speed, which halves the engine's work.
LONG = {
    "a word of 50,000 letters": "a" * 50_000,
    "5,000 digits": "1234567890" * 500,
    "20,000 characters without punctuation": ("the morning light came over the hills " * 600)[:20_000],
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    fast_stop = Settings(
        _env_file=None, data_dir=tmp_path_factory.mktemp("odd"), port=0, engines=2, stop_grace_s=5.0
    )
    with Stack(fast_stop, worker_groups=[WorkerGroup("worker", ("hibari", "stub"), 1)]) as running:
        yield running


@pytest.fixture(scope="module")
def service(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=TIMEOUT_S, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def long_text_responses(service: httpx.Client) -> Iterator[dict[str, Future[httpx.Response]]]:
    """Send the long texts first, so that they are spoken while the other tests run."""
    with ThreadPoolExecutor(len(LONG)) as clients:
        yield {
            name: clients.submit(synthesize, service, text, timeout_s=LONG_TEXT_TIMEOUT_S + 20, speed=2.0)
            for name, text in LONG.items()
        }


@pytest.fixture(autouse=True)
def the_worker_keeps_working(
    stack: Stack, service: httpx.Client, long_text_responses: dict[str, Future[httpx.Response]]
) -> Iterator[None]:
    pids = stack.pids()
    yield
    assert_spoken(service, synthesize(service, ORDINARY))
    # The worker process for sweep and cleanup may have started since.
    assert stack.pids().items() >= pids.items()


def synthesize(
    service: httpx.Client, text: str, *, timeout_s: float = TIMEOUT_S, **body: Any
) -> httpx.Response:
    """Send the text with every non-ASCII character escaped, as a client that sends lone surrogates does."""
    content = json.dumps({"text": text, **body})
    headers = {"Content-Type": "application/json"}
    return service.post("/synthesize", content=content, headers=headers, timeout=timeout_s)


def assert_spoken(service: httpx.Client, response: httpx.Response) -> dict[str, Any]:
    """Check that the response is a completed job whose audio is complete and not silent, and return the job."""
    assert response.status_code == 200, response.text
    job: dict[str, Any] = response.json()
    assert (job["status"], job["provider"], job["attempts"]) == ("completed", "local", 1)
    with wave.open(io.BytesIO(service.get(job["audio_url"]).content)) as audio:
        assert audio.getnframes() / audio.getframerate() == pytest.approx(job["duration_s"], abs=0.001)
        assert any(audio.readframes(audio.getnframes()))
    return job


def assert_refused(response: httpx.Response) -> dict[str, Any]:
    """Check that the response is an error in the API's format, and return the error."""
    assert 400 <= response.status_code < 600, response.text
    error: dict[str, Any] = response.json()["error"]
    assert (
        {"message", "type", "param", "code"} <= error.keys() <= {"message", "type", "param", "code", "job_id"}
    )
    assert error["message"]
    assert error["code"] not in (None, "internal_error")
    return error


@pytest.mark.parametrize("name", SPOKEN)
def test_an_odd_text_is_spoken(service: httpx.Client, name: str) -> None:
    assert_spoken(service, synthesize(service, SPOKEN[name]))


@pytest.mark.parametrize("name", UNSPEAKABLE)
def test_a_text_without_speech_is_refused_without_a_job(service: httpx.Client, name: str) -> None:
    response = synthesize(service, UNSPEAKABLE[name])
    error = assert_refused(response)
    assert (response.status_code, error["param"]) == (400, "text")
    assert error["code"] in ("empty_text", "nothing_to_speak")
    assert "job_id" not in error


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_text_in_a_script_the_voice_cannot_read_fails_the_job(service: httpx.Client, name: str) -> None:
    response = synthesize(service, UNREADABLE[name])
    error = assert_refused(response)
    assert (response.status_code, error["code"]) == (400, "unspeakable_text")
    job = service.get(f"/jobs/{error['job_id']}").json()
    assert (job["status"], job["error"]["code"], job["attempts"]) == ("failed", "unspeakable_text", 1)


@pytest.mark.parametrize("name", GARBLED)
def test_a_text_in_another_language_is_spoken_with_a_warning(service: httpx.Client, name: str) -> None:
    text, hint = GARBLED[name]
    (warning,) = assert_spoken(service, synthesize(service, text))["warnings"]
    assert "The voice speaks en" in warning
    assert hint in warning


def test_a_requested_language_that_the_voice_does_not_speak_is_a_warning(service: httpx.Client) -> None:
    (warning,) = assert_spoken(service, synthesize(service, "Hello there.", language="fr"))["warnings"]
    assert "not fr" in warning


@given(text=st.text(max_size=300))
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_text_is_spoken_or_refused(service: httpx.Client, text: str) -> None:
    response = synthesize(service, text)
    if response.status_code == 200:
        assert_spoken(service, response)
    else:
        error = assert_refused(response)
        assert error["code"] in ("empty_text", "nothing_to_speak", "unspeakable_text")


@pytest.mark.parametrize("name", LONG)
def test_a_very_long_text_is_spoken(
    service: httpx.Client, long_text_responses: dict[str, Future[httpx.Response]], name: str
) -> None:
    job = assert_spoken(service, long_text_responses[name].result(LONG_TEXT_TIMEOUT_S))
    assert job["progress"]["segments_done"] == job["progress"]["segments_total"] > 10
