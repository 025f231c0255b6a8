"""Cues of SubRip and WebVTT: what is read, and which line is refused."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.jobs import timed_text
from api.jobs.timed_requests import read_cues
from api.jobs.timed_text import TimedCue, parse_timed_text
from api.schemas.synthesis import SynthesisRequest
from common.errors import InvalidRequest

SRT = """\
1
00:00:01,000 --> 00:00:02,500
Good <i>morning</i>,
said the heron.

2
00:00:03,250 --> 00:00:04,000 X1:10 X2:20
{\\an8}Nobody & nothing.
"""
VTT = """\
WEBVTT - a title
Kind: captions

NOTE
A comment
of two lines

STYLE
::cue { color: red }

first
00:01.000 --> 00:02.500 align:start line:0
<v.loud Hibari_Emma>Good <c.yellow>morning</c> &amp; <00:01.500>hello</v>

01:00:03.250 --> 01:00:04.000
<v Fred>No voice.
"""


def cue(start_ms: int, end_ms: int, *texts: str, voice: str | None = None) -> TimedCue:
    return TimedCue(start_ms, end_ms, tuple((voice, text) for text in texts))


def test_subrip_is_read() -> None:
    assert parse_timed_text(SRT, input_type="srt") == [
        cue(1000, 2500, "Good morning, said the heron."),
        cue(3250, 4000, "Nobody & nothing."),
    ]


def test_webvtt_is_read() -> None:
    assert parse_timed_text(VTT, input_type="vtt") == [
        cue(1000, 2500, "Good morning & hello", voice="Hibari_Emma"),
        cue(3_603_250, 3_604_000, "No voice.", voice="Fred"),
    ]


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_other_line_ends_and_a_byte_order_mark_are_read(ends: str) -> None:
    assert parse_timed_text("\ufeff" + SRT.replace("\n", ends), input_type="srt") == parse_timed_text(
        SRT, input_type="srt"
    )


def test_cues_are_ordered_and_empty_ones_left_out() -> None:
    text = (
        "0:00:05.1 --> 0:00:06,000\nLater.\n\n00:01,000 --> 00:02,000\n\n00:03,000 --> 00:04,000\nFirst <3.\n"
    )
    assert parse_timed_text(text, input_type="srt") == [
        cue(3000, 4000, "First <3."),
        cue(5100, 6000, "Later."),
    ]


@pytest.mark.parametrize(
    ("input_type", "text", "message"),
    [
        ("srt", "Hello.", "SRT, line 1: Expected the times of a cue"),
        ("srt", SRT + "\n3\nNo times.\n", "SRT, line 11: Expected the times of a cue"),
        ("srt", SRT.replace("03,250", "03;250"), "SRT, line 7: Expected the times of a cue"),
        ("srt", SRT.replace("00:00:02,500", "00:00:00,500"), "SRT, line 2: The cue ends before it starts."),
        (
            "srt",
            SRT.replace("heron.\n\n2", "heron.\n2"),
            "SRT, line 6: An empty line must separate the cues.",
        ),
        (
            "srt",
            SRT.replace("00:00:04,000", "10:00:00,001"),
            "SRT, line 7: The cue ends after more than 10 hours.",
        ),
        ("srt", SRT.replace("00:00:04", "00:61:04"), "SRT, line 7: Expected the times of a cue"),
        ("vtt", SRT, "WebVTT, line 1: The first line must be WEBVTT."),
        ("vtt", VTT.replace("00:02.500", "2.5"), "WebVTT, line 12: Expected the times of a cue"),
    ],
)
def test_malformed_cues_are_refused_with_their_line(input_type: str, text: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_timed_text(text, input_type=input_type)
    assert refused.value.message.startswith(message)
    assert (refused.value.code, refused.value.param) == ("invalid_cues", "text")


def test_the_number_of_cues_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed_text, "MAX_CUES", 2)
    assert len(parse_timed_text(SRT, input_type="srt")) == 2
    with pytest.raises(InvalidRequest, match="There are 3 cues"):
        parse_timed_text(SRT + "\n3\n00:00:05,000 --> 00:00:06,000\nx\n", input_type="srt")


@given(st.text("0123456789:,.->\n <v>&;WEBTab{}\\", max_size=200), st.sampled_from(["srt", "vtt"]))
def test_any_text_is_read_or_refused(text: str, input_type: str) -> None:
    cues: list[TimedCue] = []
    with suppress(InvalidRequest):
        cues = parse_timed_text(("WEBVTT\n\n" if input_type == "vtt" else "") + text, input_type=input_type)
    assert [one.start_ms for one in cues] == sorted(one.start_ms for one in cues)
    assert all(piece == " ".join(piece.split()) != "" for one in cues for _, piece in one.spans)


def test_voices_that_exist_become_tags() -> None:
    body, times_ms = asyncio.run(read_cues(SynthesisRequest(text=VTT, input_type="vtt"), allow_fake=False))
    assert body.text == "[voice:hibari_emma] Good morning & hello\n\n[voice:default] No voice."
    assert times_ms == (1000, 2500, 3_603_250, 3_604_000)


def test_other_texts_stay() -> None:
    body = SynthesisRequest(text=SRT)
    assert asyncio.run(read_cues(body, allow_fake=False)) == (body, ())
