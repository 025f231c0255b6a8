# ruff: noqa: RUF001 - phonemes look like other letters
"""Markup, lines and marks of a text are heard in the speech of a whole service."""

import io
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from cli.service.stack import Stack
from tests.support.transcription import transcribe, transcribe_words, word_error_rate, words

RATE_FRAMES = 100
SSML = """\
<?xml version="1.0"?>
<speak xml:lang="en-US">
  <p><s>The old <sub alias="lighthouse">LH</sub> stood on the <say-as interpret-as="ordinal">3</say-as> island</s>
  <s>Nobody remembered who had built it &amp; why.</s></p>
  <break time="2s"/>
  <prosody rate="70%">Every evening a woman walked along the beach.</prosody>
  <phoneme alphabet="ipa" ph="ˈwɪntə">Qzx</phoneme> was <emphasis>cold</emphasis> and clear.
</speak>"""
SPOKEN = (
    "The old lighthouse stood on the third island. Nobody remembered who had built it and why. "
    "Every evening a woman walked along the beach. Winter was cold and clear."
)
LONG_SENTENCE = (
    "The committee that the minister had appointed in the spring of that year, after a long and bitter quarrel about "
    "the cost of the new harbour, the rights of the fishermen who had worked along that coast for centuries, and the "
    "promises that the railway company had made to the towns in the valley, met for the first time in a cold room "
    "above the market hall, where nobody could hear the speakers at the far end of the table, and where the only lamp "
    "went out twice before the chairman finally read the report aloud to a very small audience."
)


@pytest.fixture(scope="module")
def service(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=130, trust_env=False) as client:
        yield client


def speak(service: httpx.Client, text: str, **body: Any) -> tuple[dict[str, Any], bytes]:
    """Return the completed job and its audio."""
    response = service.post("/synthesize", json={"text": text, "seed": 1, **body})
    assert response.status_code == 200, response.text
    job: dict[str, Any] = response.json()
    return job, service.get(job["audio_url"]).content


def silences_s(audio: bytes) -> list[float]:
    """The stretches between the first and the last sound that are 50 dB below the loudest moment."""
    power = frame_power(audio)
    loud = np.flatnonzero(power > power.max() * 1e-5)
    return [(after - before - 1) / RATE_FRAMES for before, after in pairwise(loud) if after - before > 4]


def frame_power(audio: bytes) -> NDArray[np.float64]:
    samples, rate_hz = soundfile.read(io.BytesIO(audio))
    frame = rate_hz // RATE_FRAMES
    whole = len(samples) // frame * frame
    power: NDArray[np.float64] = np.square(samples[:whole].reshape(-1, frame)).mean(axis=1)
    return power


def test_ssml_is_heard(service: httpx.Client) -> None:
    job, audio = speak(service, SSML)
    assert word_error_rate(SPOKEN, transcribe(audio)) < 0.1
    assert max(silences_s(audio)) == pytest.approx(2.0, abs=0.25)
    assert [warning for warning in job["warnings"] if "<emphasis>" in warning]


def test_captions_of_ssml_are_places_in_the_ssml(service: httpx.Client) -> None:
    job, audio = speak(service, SSML)
    document = service.get(f"/jobs/{job['job_id']}/captions.json").json()
    found = [word for segment in document["segments"] for word in segment["words"]]
    assert all(SSML[word["start"] : word["end"]] == word["text"] for word in found)
    assert {"LH", "3", "&amp;", "Qzx", "cold", "clear"} <= {word["text"] for word in found}
    (heard,) = [start_s for word, start_s, _ in transcribe_words(audio) if word == "evening"]
    (shown,) = [word["start_s"] for word in found if word["text"] == "evening"]
    assert shown == pytest.approx(heard, abs=0.35)
    subtitles = service.get(f"/jobs/{job['job_id']}/captions.srt").text
    assert "<" not in subtitles.replace("-->", "")
    assert "built it & why" in " ".join(subtitles.split())


def test_a_slower_rate_is_slower(service: httpx.Client) -> None:
    durations = [
        speak(service, f'<speak><prosody rate="{rate}">Every evening a woman walked here.</prosody></speak>')[
            0
        ]
        for rate in ("60%", "100%", "150%")
    ]
    slow, normal, fast = (job["duration_s"] for job in durations)
    assert slow > 1.3 * normal
    assert normal > 1.2 * fast


def test_lines_without_a_stop_are_apart_and_wrapped_prose_is_not(service: httpx.Client) -> None:
    _, listed = speak(service, "Shopping list\nSix eggs\nBrown bread\nSalted butter")
    assert len([silence for silence in silences_s(listed) if silence >= 0.15]) >= 3
    wrapped = (
        "Every evening a woman walked along the beach with her\nold dog and looked up at the light-\nhouse."
    )
    one_line = (
        "Every evening a woman walked along the beach with her old dog and looked up at the lighthouse."
    )
    assert speak(service, wrapped)[1] == speak(service, one_line)[1]


@pytest.mark.parametrize(
    "text",
    [
        "I waited for you … but you never came.",
        "I waited for you—but you never came.",
        "I waited for you -- but you never came.",
        "The road — the only one — went north.",
    ],
)
def test_dashes_and_ellipses_are_heard(service: httpx.Client, text: str) -> None:
    _, audio = speak(service, text)
    marks = sum(text.count(mark) for mark in ("…", "—", "--"))
    assert len([silence for silence in silences_s(audio) if silence >= 0.15]) == marks


@pytest.mark.parametrize("text", ["Hi", "No.", "Five", "She", "Thanks!", "If"])
def test_a_tiny_text_keeps_its_onset(service: httpx.Client, text: str) -> None:
    _, bare = speak(service, text, mastering=False)
    _, mastered = speak(service, text)
    before, after = frame_power(bare), frame_power(mastered)
    # What is 45 dB below the loudest moment, or louder, is in both.
    assert (
        np.count_nonzero(after > after.max() * 10**-4.5)
        >= np.count_nonzero(before > before.max() * 10**-4.5) - 1
    )


def test_a_sentence_of_500_characters_keeps_its_pace_and_its_last_word(service: httpx.Client) -> None:
    job, audio = speak(service, LONG_SENTENCE)
    transcript = transcribe(audio)
    assert words(transcript)[-1] == "audience"
    assert word_error_rate(LONG_SENTENCE, transcript) < 0.1
    document = service.get(f"/jobs/{job['job_id']}/captions.json").json()
    paces = [
        (segment["end"] - segment["start"]) / (segment["end_s"] - segment["start_s"])
        for segment in document["segments"]
    ]
    assert max(paces) < 1.3 * min(paces)


def test_pages_are_cleaned_on_request(service: httpx.Client) -> None:
    text = "THE OLD ROAD\n\nA woman walked along the\n\n17\n\nTHE OLD ROAD\n\nbeach with her dog."
    job, audio = speak(service, text, clean_pages=True)
    assert (
        word_error_rate("The old road. A woman walked along the beach with her dog.", transcribe(audio)) < 0.1
    )
    assert job["warnings"] == ["Lines left out as page numbers or running heads: 2."]
