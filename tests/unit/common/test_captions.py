# ruff: noqa: RUF001 - texts in Chinese
"""Captions as SubRip and WebVTT, read back by strict parsers, and as JSON."""

import json
import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.recordings.captions import Caption, as_document, as_srt, as_vtt, normalized
from common.recordings.line_breaks import LINE_WIDTH
from common.recordings.subtitles import Timeline
from tests.support.caption_readers import ReadCaption, read_srt, read_vtt

HERON = "Good morning, said the heron."
LONG = (
    'Dr. Heron said: "It was the best of times, it was the worst of times, it was the age of wisdom, it was the '
    'age of foolishness." Then she left, and nobody saw her again in all of the years that were to come.'
)
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で泣いていた。"


def caption(text: str, start_s: float = 0.0, end_s: float = 10.0, **given: Any) -> Caption:
    """One caption for the whole text."""
    given = {"start": 0, "end": len(text), "voice_id": "heart", "words": []} | given
    place = [start_s, end_s, given["start"], given["end"]]
    return Caption.from_row([*place, given["voice_id"], given["words"]])


def evenly_timed_words(text: str, *, start_s: float, each_s: float) -> list[list[float]]:
    """Stored words of a text, each `each_s` long."""
    spans = [match.span() for match in re.finditer(r"[\w'.]*\w", text)]
    return [
        [start_s + number * each_s, start_s + (number + 1) * each_s, *span]
        for number, span in enumerate(spans)
    ]


def joined(shown: list[ReadCaption]) -> str:
    return " ".join(line for one in shown for line in one.lines)


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def test_markdown_marks_are_not_shown() -> None:
    text = "# Dawn\n[Oratio](/ɔɹətiO/) is **bold**, `sure` and _soft_, at 2 * 3 and snake_case."
    captions = [caption(text, 0.0, 4.0, voice_id=None)]
    shown = " ".join(as_srt(captions, text=text).split())
    assert shown.endswith("Dawn Oratio is bold, sure and soft, at 2 * 3 and snake_case.")
    assert normalized(captions, text=text)[0].end == len(text)


def test_a_short_segment_is_one_line() -> None:
    captions = [caption(HERON, 0.25, 2.1234)]
    assert as_srt(captions, text=HERON) == f"1\n00:00:00,250 --> 00:00:02,123\n{HERON}\n"
    assert as_vtt(captions, text=HERON) == f"WEBVTT\n\n1\n00:00:00.250 --> 00:00:02.123\n{HERON}\n"


def test_times_beyond_an_hour() -> None:
    captions = [caption(HERON, 3599.9996, 360_000.5)]
    assert "01:00:00,000 --> 100:00:00,500" in as_srt(captions, text=HERON)


@pytest.mark.parametrize("text", [LONG, JAPANESE, "x" * 300, "नमस्ते दुनिया " * 20])
def test_a_long_segment_becomes_several_subtitles_of_two_lines(text: str) -> None:
    shown = read_srt(as_srt([caption(text)], text=text))
    assert len(shown) > 1
    assert max(width(line) for one in shown for line in one.lines) <= LINE_WIDTH
    assert "".join(joined(shown).split()) == "".join(text.split())
    assert shown == read_vtt(as_vtt([caption(text)], text=text))


def test_breaks_are_at_sentence_and_clause_ends() -> None:
    lines = [one.lines for one in read_srt(as_srt([caption(LONG)], text=LONG))]
    assert [upper[-1] for upper, _ in lines[:2]] == [",", ","]
    assert [one[-1][-1] for one in lines] == [",", '"', "."]
    for one in read_srt(as_srt([caption(JAPANESE)], text=JAPANESE)):
        assert one.lines[-1][-1] == "。"


def test_combining_marks_stay_with_their_letters() -> None:
    text = "e\u0301" * 100
    for one in read_vtt(as_vtt([caption(text)], text=text)):
        assert not any(line.startswith("\u0301") for line in one.lines)


def test_without_word_timings_times_are_proportional_to_characters() -> None:
    shown = read_srt(as_srt([caption(LONG, 5.0, 15.0)], text=LONG))
    assert (shown[0].start_ms, shown[-1].end_ms) == (5000, 15_000)
    for one in shown:
        place = LONG.index(one.lines[0])
        assert one.start_ms == pytest.approx(5000 + 10_000 * place / len(LONG), abs=2)


def test_with_word_timings_subtitles_start_with_their_first_word() -> None:
    words = evenly_timed_words(LONG, start_s=1.0, each_s=0.3)
    # Insert a long silence in the middle.
    words = [word if at < 20 else [word[0] + 4, word[1] + 4, *word[2:]] for at, word in enumerate(words)]
    shown = read_srt(as_srt([caption(LONG, 0.5, words[-1][1] + 0.5, words=words)], text=LONG))
    starts = {word[2]: round(1000 * word[0]) for word in words}
    for one in shown:
        first = LONG.index(one.lines[0])
        assert one.start_ms == starts[first + one.lines[0].startswith('"')]
    assert shown[-1].end_ms == round(1000 * (words[-1][1] + 0.5))
    # A subtitle stays until the next one, but not during a silence.
    assert shown[0].end_ms == shown[1].start_ms
    words = evenly_timed_words(HERON, start_s=0.0, each_s=0.5)
    captions = [caption(HERON, 0, 2.5, end=13, words=words[:2]), caption(HERON, 6, 8, start=14, words=[])]
    last, next_one = read_srt(as_srt(captions, text=HERON))
    assert (last.end_ms, next_one.start_ms) == (2500, 6000)


def test_no_subtitle_is_shown_during_a_long_silence() -> None:
    words = evenly_timed_words(LONG, start_s=0.0, each_s=0.2)
    behind = LONG.index("it was the age of wisdom")
    words = [w if w[2] < behind else [w[0] + 3, w[1] + 3, *w[2:]] for w in words]
    before, after, *_ = read_srt(as_srt([caption(LONG, 0.0, words[-1][1], words=words)], text=LONG))
    assert after.lines[0].startswith("it was the age of wisdom")
    # It stays for the 69 characters to be read, at 17 a second.
    assert (before.end_ms, after.start_ms) == (4059, 6000)


def test_a_fast_subtitle_stays_during_the_pause_after_it_until_it_is_read() -> None:
    text = f"{HERON} {HERON}"
    first, last = caption(HERON, 0.0, 1.0), caption(HERON, 3.0, 4.0, start=30, end=59)
    shown = read_srt(as_srt([first, last], text=text, duration_s=4.2))
    assert [(one.start_ms, one.end_ms) for one in shown] == [(0, 1706), (3000, 4200)]
    assert len(HERON) * 1000 / 1706 <= 17


def test_a_fast_subtitle_never_overlaps_the_next_one() -> None:
    first, last = caption(HERON, 0.0, 1.0, end=13), caption(HERON, 1.2, 4.0, start=14)
    shown = read_srt(as_srt([first, last], text=HERON))
    assert [(one.start_ms, one.end_ms) for one in shown] == [(0, 1000), (1200, 4000)]
    assert read_srt(as_srt([replace(first, end_s=0.4), last], text=HERON))[0].end_ms == 1000


def test_subtitles_are_split_so_that_they_can_be_read() -> None:
    words = evenly_timed_words(LONG, start_s=0.0, each_s=0.3)
    shown = read_srt(as_srt([caption(LONG, 0.0, words[-1][1], words=words)], text=LONG))
    for one in shown:
        assert len(" ".join(one.lines)) <= 17 * (one.end_ms - one.start_ms) / 1000


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "今天天气很好，我们一起去公园散步吧，那里有很多美丽的花和高大的树木，孩子们在草地上奔跑玩耍。",
            [
                "今天天气很好，我们一起去公园散步吧，",
                "那里有很多美丽的花和高大的树木，",
                "孩子们在草地上奔跑玩耍。",
            ],
        ),
        (
            "東京タワーは1958年に完成したとても高い電波塔であり、多くの観光客が訪れます",
            ["東京タワーは1958年に完成したとても高い", "電波塔であり、多くの観光客が訪れます"],
        ),
        (
            "「ちょっと待ってください」とおばあさんは言って、ゆっくりとコーヒーを飲みました",
            ["「ちょっと待ってください」とおばあさんは", "言って、ゆっくりとコーヒーを飲みました"],
        ),
        (
            "นี่คือข้อความภาษาไทยที่ยาวมากและไม่มีช่องว่างระหว่างคำเพื่อทดสอบ",
            ["นี่คือข้อความภาษาไทยที่ยาวมากและ", "ไม่มีช่องว่างระหว่างคำเพื่อทดสอบ"],
        ),
    ],
)
def test_scripts_without_spaces_break_between_phrases(text: str, lines: list[str]) -> None:
    assert [line for one in read_srt(as_srt([caption(text)], text=text)) for line in one.lines] == lines


def test_webvtt_names_voices_if_there_are_several() -> None:
    one, other = (
        caption(HERON, 0, 1, end=13),
        caption(HERON, 1, 2, start=14, voice_id="af_heart(2)+af_sky(1)"),
    )
    assert [shown.voice for shown in read_vtt(as_vtt([one, other], text=HERON))] == ["heart", other.voice_id]
    assert [shown.voice for shown in read_vtt(as_vtt([one, one], text=HERON))] == [None, None]
    assert [shown.voice for shown in read_vtt(as_vtt([one, caption(HERON, voice_id=None)], text=HERON))] == [
        "heart",
        None,
    ]


@pytest.mark.parametrize(
    ("text", "srt", "vtt"),
    [
        ("a < b && c > d", "a < b && c > d", "a < b && c > d"),
        ("one --> two", "one → two", "one --> two"),
        ("&amp; <b>bold</b>", "&amp; <b>bold</b>", "&amp; <b>bold</b>"),
        ("up\r\n\r\n2\n00:00:01,000 --> x", "up 2 00:00:01,000 → x", "up 2 00:00:01,000 --> x"),
        ("two\u2028lines\x85more\x0btabs\tnul\x00l", "two lines more tabs null", "two lines more tabs null"),
        ("half \ud800 of one", "half \ufffd of one", "half \ufffd of one"),
    ],
)
def test_special_characters_keep_the_format_valid(text: str, srt: str, vtt: str) -> None:
    assert joined(read_srt(as_srt([caption(text)], text=text))) == srt
    assert joined(read_vtt(as_vtt([caption(text)], text=text))) == vtt


def test_tags_and_references_of_ssml_are_not_shown() -> None:
    text = '<speak>\n<p>Tom &amp; <sub alias="Mister">Mr</sub> <emphasis>Lee</emphasis></p> &#233;<!-- no --></speak>'
    first = text.index("Tom")
    captions = [caption(text, start=first)]
    assert joined(read_srt(as_srt(captions, text=text))) == "Tom & Mr Lee é"
    assert joined(read_vtt(as_vtt(captions, text=text))) == "Tom & Mr Lee é"


def test_no_visible_text_gives_no_subtitles() -> None:
    assert as_srt([], text="") == ""
    assert as_vtt([], text="") == "WEBVTT\n"
    assert as_vtt([caption(" \n ")], text=" \n ") == "WEBVTT\n"


def test_the_json_document() -> None:
    text = "Tom paid $9.99 for it. Cheap!"
    words = [[0.1, 0.3, 0, 3], [0.35, 0.5, 4, 8], [0.5, 0.7, 9, 14], [0.7, 0.8, 9, 14], [0.8, 1.1, 9, 14]]
    captions = [caption(text, 0, 1.5, end=22, words=words), caption(text, 1.7, 2.2, start=23, voice_id=None)]
    document = as_document(captions, text=text, job_id="j", duration_s=2.3)
    assert json.loads(json.dumps(document)) == document
    assert (document["job_id"], document["duration_s"]) == ("j", 2.3)
    first, second = document["segments"]
    assert [word.pop("text") for word in first["words"]] == ["Tom", "paid", "$9.99"]
    # A number that is spoken as three words is one word of the text.
    assert first["words"][2] == {"start_s": 0.5, "end_s": 1.1, "start": 9, "end": 14}
    assert second == {
        "index": 1, "start_s": 1.7, "end_s": 2.2, "start": 23, "end": 29, "text": "Cheap!", "voice_id": None,
        "words": [],
    }  # fmt: skip


def test_the_timeline_interpolates_between_points() -> None:
    timeline = Timeline([(10, 2.0), (0, 1.0), (10, 3.0), (20, 4.0)])
    assert [timeline.seconds_at(char) for char in (0, 5, 10, 15, 20, 99, -5)] == [
        1.0,
        1.5,
        3.0,
        3.5,
        4.0,
        4.0,
        1.0,
    ]


times = st.floats(-1, 100)
chars = st.integers(-3, 80)
any_rows = st.lists(
    st.tuples(
        times,
        times,
        chars,
        chars,
        st.sampled_from([None, "heart", "emma"]),
        st.lists(st.tuples(times, times, chars, chars).map(list), max_size=8),
    ).map(Caption.from_row),
    max_size=6,
)


@given(captions=any_rows, text=st.text(max_size=70) | st.text("a. -->&<\n字", max_size=70))
def test_any_stored_captions_give_valid_files(captions: list[Caption], text: str) -> None:
    read_srt(as_srt(captions, text=text))
    read_vtt(as_vtt(captions, text=text))
    before_s = 0.0
    for one in normalized(captions, text=text):
        assert before_s <= one.start_s <= one.end_s
        assert 0 <= one.start <= one.end <= len(text)
        word_s, char = one.start_s, one.start
        for word in one.words:
            assert word_s <= word.start_s <= word.end_s <= one.end_s
            assert char <= word.start <= word.end <= one.end
            word_s, char = word.end_s, word.end
        before_s = one.end_s


words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=45)
sentences = st.lists(st.tuples(words, st.sampled_from(["", "", "", ",", "."])), min_size=1, max_size=60).map(
    lambda found: " ".join(word + mark for word, mark in found)
)


@given(spoken=st.lists(st.tuples(sentences, st.floats(0.05, 0.5), st.floats(0, 3)), min_size=1, max_size=4))
def test_subtitles_fit_and_stay_until_they_are_read_or_the_next_begins(
    spoken: list[tuple[str, float, float]],
) -> None:
    text, captions, moment_s = "", [], 0.0
    for sentence, word_s, pause_s in spoken:
        timed = evenly_timed_words(sentence, start_s=moment_s, each_s=word_s)
        words = [[start_s, end_s, len(text) + start, len(text) + end] for start_s, end_s, start, end in timed]
        end = len(text) + len(sentence)
        captions.append(caption(text, moment_s, words[-1][1], start=len(text), end=end, words=words))
        text, moment_s = f"{text}{sentence} ", words[-1][1] + pause_s
    shown = read_srt(as_srt(captions, text=text, duration_s=moment_s))
    assert "".join(joined(shown).split()) == "".join(text.split())
    ends_ms = [*(one.start_ms for one in shown[1:]), round(1000 * moment_s)]
    for one, next_ms in zip(shown, ends_ms, strict=True):
        assert max(map(len, one.lines)) <= LINE_WIDTH
        enough_ms = 1000 * len(" ".join(one.lines)) / 17
        assert one.end_ms - one.start_ms >= enough_ms - 1 or one.end_ms >= next_ms - 1
