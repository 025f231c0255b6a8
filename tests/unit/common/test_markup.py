"""Tags in a text: pauses, voices, brackets that are not tags, and parsing in linear time."""

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidRequest
from common.markup import MAX_PAUSE_S, MAX_SILENCE_S, Markup, parse_markup
from common.markup.tags import DEFAULT_PAUSE_S
from common.speakable_text import is_speakable_char

# Complete and broken tags, and pieces of text.
_TAGS = ["[pause:1s]", "[PAUSE: 20ms ]", "[pause:.5]", "[voice:a]", "[voice:default]"]
_BROKEN_TAGS = ["[pause:99]", "[pause:x]", "[pause", "[voice:]", "[voice:b\n]", "[", "]", "[[", "]]", ":"]
_WORDS = ["Hello. ", "x", "…", "\n", " ", "٣", "é"]
_FRAGMENTS = st.sampled_from([*_TAGS, *_BROKEN_TAGS, *_WORDS])
_TEXTS = st.lists(_FRAGMENTS | st.text(max_size=5), max_size=30).map("".join)


def parsed_spans(text: str) -> list[Any]:
    """(text, voice, pause before) of each span."""
    return [(text[one.start : one.end], one.voice_id, one.lead_s) for one in parse_markup(text).spans]


def refused(text: str) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as raised:
        parse_markup(text)
    return raised.value


@pytest.mark.parametrize(
    ("tag", "pause_s"),
    [
        ("[pause:1s]", 1.0),
        ("[pause:0.8s]", 0.8),
        ("[pause:.25s]", 0.25),
        ("[pause:2.s]", 2.0),
        ("[pause:2]", 2.0),
        ("[pause:300ms]", 0.3),
        ("[pause:300 ms]", 0.3),
        ("[PAUSE : 1S ]", 1.0),
        ("[Pause:\t1.5 s]", 1.5),
        ("[pause:60s]", 60.0),
        ("[pause:60000ms]", 60.0),
        ("[pause:0s]", 0.0),
    ],
)
def test_pauses_are_parsed_in_every_spelling(tag: str, pause_s: float) -> None:
    assert parsed_spans(f"One. {tag} Two.") == [
        ("One. ", None, None),
        (" Two.", None, pytest.approx(pause_s)),
    ]


@pytest.mark.parametrize("tag", ["[pause:60.001s]", "[pause:60001ms]", "[pause:1000000s]"])
def test_pauses_that_are_too_long_are_refused(tag: str) -> None:
    error = refused(f"One. {tag} Two.")
    assert (error.status, error.code, error.param) == (400, "invalid_tag", "text")
    assert "One" not in error.message


@pytest.mark.parametrize("tag", ["[pause]", "[Pause ]", "[PAUSE]"])
def test_a_pause_without_a_length_is_half_a_second(tag: str) -> None:
    assert parsed_spans(f"One. {tag} Two.") == [("One. ", None, None), (" Two.", None, DEFAULT_PAUSE_S)]
    assert parse_markup(f"One. {tag} Two.").warnings == ()


@pytest.mark.parametrize(
    "bracket",
    [
        *("[laugh]", "[sic]", "[style: happy]", "[pauses:1s]", "[voice]", "[voice: John Smith]"),
        *("[pause:]", "[pause: ]", "[pause:long]", "[pause:1m]", "[pause:1,5s]", "[pause:1s 2s]", "[voice:]"),
    ],
)
def test_a_bracket_that_looks_like_a_tag_is_text_and_named_in_a_warning(bracket: str) -> None:
    text = f"One {bracket} two."
    assert parsed_spans(text) == [(text, None, None)]
    assert parse_markup(text).warnings == (f"These brackets are no tags and are read as text: {bracket}.",)


@pytest.mark.parametrize(
    "text",
    [
        *("See [12] and [3][4].", "the [late and great] king", "[x] done", "[ ] open", "[a]"),
        *("[word](https://example.org)", "[Oratio](/ɔɹˈɑtiO/)", "[ref]: https://example.org", "[word][2]"),  # noqa: RUF001
        *("[pause 1s]", "[pause:1s", "pause:1s]", "[pause:\n1s]", f"[voice:{'a' * 201}]", "(pause:1s)"),
    ],
)
def test_other_brackets_are_text_without_a_warning(text: str) -> None:
    assert parsed_spans(text) == [(text, None, None)]
    assert parse_markup(text).warnings == ()


def test_a_warning_names_each_bracket_once_and_only_a_few() -> None:
    (warning,) = parse_markup(
        "[laugh] [laugh] " + " ".join(f"[tag-{letter}]" for letter in "abcdefg")
    ).warnings
    assert warning.count("[laugh]") == 1
    assert "[tag-d]" in warning
    assert "[tag-e]" not in warning
    assert warning.endswith("and 3 others.")
    assert "b" * 60 not in parse_markup(f"[note: {'b' * 150}]").warnings[0]


def test_pauses_without_speech_between_them_add_up() -> None:
    text = "[pause:1s] [pause:500ms]…[voice:b][pause:1s]One.[pause:2s] -- [pause:1s]"
    assert parsed_spans(text) == [("One.", "b", pytest.approx(2.5))]
    assert parse_markup(text).tail_s == pytest.approx(3.0)


def test_pauses_alone_give_no_spans() -> None:
    assert parse_markup("[pause]").tail_s == DEFAULT_PAUSE_S
    assert parse_markup("[pause:1s][pause:2s]") == Markup((), 3.0)
    assert parse_markup("") == Markup((), 0.0)
    assert parse_markup(" [voice:b] … ") == Markup((), 0.0)


def test_a_pause_of_zero_differs_from_no_pause() -> None:
    assert [lead_s for _, _, lead_s in parsed_spans("One.[pause:0]Two.[voice:b]Three.")] == [None, 0.0, None]


def test_the_total_silence_is_limited() -> None:
    maximum = int(MAX_SILENCE_S / MAX_PAUSE_S)
    text = "One.[pause:60s]" * maximum
    assert parse_markup(text).tail_s == MAX_PAUSE_S
    error = refused(f"{text}[pause:1ms]")
    assert (error.code, error.param) == ("invalid_tag", "text")


def test_a_voice_speaks_until_the_next_tag_and_default_is_the_voice_of_the_job() -> None:
    text = "One. [voice:a]Two. Three.\n\nFour. [Voice: b ]Five. [VOICE:Default]Six. [voice:a]Seven."
    assert parsed_spans(text) == [
        ("One. ", None, None),
        ("Two. Three.\n\nFour. ", "a", None),
        ("Five. ", "b", None),
        ("Six. ", None, None),
        ("Seven.", "a", None),
    ]
    assert parse_markup(text).voice_ids == ("a", "b")


def test_voices_without_text_are_left_out() -> None:
    assert parse_markup("[voice:nobody] … [voice:a]One.").voice_ids == ("a",)


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "[pause:",
        "[pause" + " " * 8,
        "[pause:1s]",
        "[voice:a]x",
        "[pause:" + "1" * 150,
        "][",
        "[a:",
        "[a-",
    ],
)
def test_parsing_takes_linear_time(unit: str) -> None:
    text = (unit * 200_000)[:200_000]
    started_at = time.process_time()
    with suppress(InvalidRequest):
        parse_markup(text)
    assert time.process_time() - started_at < 2.0


def test_spaces_in_an_unclosed_tag_take_linear_time() -> None:
    text = "[pause" + " " * 200_000
    started_at = time.process_time()
    assert len(parse_markup(text).spans) == 1
    assert time.process_time() - started_at < 2.0


@given(_TEXTS)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        markup = parse_markup(text)
    except InvalidRequest as error:
        assert (error.code, error.param) == ("invalid_tag", "text")  # noqa: PT017
        return
    _check_order(text, markup)
    covered = {at for one in markup.spans for at in range(one.start, one.end)}
    uncovered = "".join(" " if at in covered else char for at, char in enumerate(text))
    # Only tags and punctuation are outside of the spans.
    assert not any(map(is_speakable_char, _without_tags(uncovered)))


def _check_order(text: str, markup: Markup) -> None:
    ends = [0, *(one.end for one in markup.spans)]
    for before, one in zip(ends, markup.spans, strict=False):
        assert before <= one.start < one.end <= len(text)
        assert any(map(is_speakable_char, text[one.start : one.end]))
        assert one.lead_s is None or one.lead_s >= 0
    assert markup.tail_s >= 0


def _without_tags(text: str) -> str:
    """Remove tags without the regular expression under test: from `[pause` or `[voice` to the next bracket."""
    kept: list[str] = []
    at = 0
    while at < len(text):
        head, _, _ = text[at:].partition("]")
        is_tag = head[:6].lower() in ("[pause", "[voice") and not set(head[1:]) & set("[\n")
        kept.append("" if is_tag else text[at])
        at += len(head) + 1 if is_tag else 1
    return "".join(kept)
