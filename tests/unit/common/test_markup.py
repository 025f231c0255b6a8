"""Tags in a text: pauses and voices, what is refused, and that reading them costs no more than the text is long."""

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidRequest
from common.markup import MAX_PAUSE_S, MAX_SILENCE_S, Markup, parse_markup
from common.speakable_text import is_speakable_char

# Fragments that tags are made of, whole and broken.
_TAGS = ["[pause:1s]", "[PAUSE: 20ms ]", "[pause:.5]", "[voice:a]", "[voice:default]"]
_BROKEN_TAGS = ["[pause:x]", "[pause", "[voice:]", "[voice:b\n]", "[", "]", "[[", "]]", ":"]
_WORDS = ["Hello. ", "x", "…", "\n", " ", "٣", "é"]
_PIECES = st.sampled_from([*_TAGS, *_BROKEN_TAGS, *_WORDS])
_TEXTS = st.lists(_PIECES | st.text(max_size=5), max_size=30).map("".join)


def said(text: str) -> list[Any]:
    """(text, voice, pause before) of each passage."""
    return [(text[one.start : one.end], one.voice_id, one.lead_s) for one in parse_markup(text).spans]


def refusal(text: str) -> InvalidRequest:
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
def test_a_pause_in_every_spelling(tag: str, pause_s: float) -> None:
    assert said(f"One. {tag} Two.") == [("One. ", None, None), (" Two.", None, pytest.approx(pause_s))]


@pytest.mark.parametrize(
    "tag",
    [
        *(
            "[pause:]",
            "[pause: ]",
            "[pause:long]",
            "[pause:-1s]",
            "[pause:1m]",
            "[pause:1,5s]",
            "[pause:1s 2s]",
        ),
        *(
            "[pause:60.001s]",
            "[pause:60001ms]",
            "[pause:1000000s]",
            "[pause:1e3]",
            "[pause:nan]",
            "[pause:.]",
        ),
        *("[voice:]", "[voice: \t]"),
    ],
)
def test_a_tag_that_cannot_be_followed_is_refused(tag: str) -> None:
    error = refusal(f"One. {tag} Two.")
    assert (error.status, error.code, error.param) == (400, "invalid_tag", "text")
    assert "One" not in error.message


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Nothing [here] is a tag.",
            "[pause]",
            "[pause 1s]",
            "[voice]",
            "[pauses:1s]",
            "[pause:1s",
            "pause:1s]",
        ),
        *("[pause:\n1s]", "[[slow:1]] One.", f"[voice:{'a' * 201}]", "(pause:1s)", "[voice:[x"),
    ],
)
def test_what_is_no_tag_is_read_as_it_stands(text: str) -> None:
    assert said(text) == [(text, None, None)]


def test_pauses_without_speech_between_them_add_up() -> None:
    text = "[pause:1s] [pause:500ms]…[voice:b][pause:1s]One.[pause:2s] -- [pause:1s]"
    assert said(text) == [("One.", "b", pytest.approx(2.5))]
    assert parse_markup(text).tail_s == pytest.approx(3.0)


def test_pauses_alone_are_no_speech() -> None:
    assert parse_markup("[pause:1s][pause:2s]") == Markup((), 3.0)
    assert parse_markup("") == Markup((), 0.0)
    assert parse_markup(" [voice:b] … ") == Markup((), 0.0)


def test_a_pause_of_nothing_is_another_than_none() -> None:
    assert [lead_s for _, _, lead_s in said("One.[pause:0]Two.[voice:b]Three.")] == [None, 0.0, None]


def test_silence_is_bounded_in_all() -> None:
    most = int(MAX_SILENCE_S / MAX_PAUSE_S)
    text = "One.[pause:60s]" * most
    assert parse_markup(text).tail_s == MAX_PAUSE_S
    error = refusal(f"{text}[pause:1ms]")
    assert (error.code, error.param) == ("invalid_tag", "text")


def test_voices_speak_until_the_next_and_default_is_the_own_one() -> None:
    text = "One. [voice:a]Two. Three.\n\nFour. [Voice: b ]Five. [VOICE:Default]Six. [voice:a]Seven."
    assert said(text) == [
        ("One. ", None, None),
        ("Two. Three.\n\nFour. ", "a", None),
        ("Five. ", "b", None),
        ("Six. ", None, None),
        ("Seven.", "a", None),
    ]
    assert parse_markup(text).voice_ids == ("a", "b")


def test_a_voice_that_says_nothing_is_not_asked_for() -> None:
    assert parse_markup("[voice:nobody] … [voice:a]One.").voice_ids == ("a",)


@pytest.mark.parametrize(
    "unit", ["[", "[pause:", "[pause" + " " * 8, "[pause:1s]", "[voice:a]x", "[pause:" + "1" * 150, "]["]
)
def test_reading_takes_time_in_proportion(unit: str) -> None:
    text = (unit * 200_000)[:200_000]
    began = time.process_time()
    with suppress(InvalidRequest):
        parse_markup(text)
    assert time.process_time() - began < 2.0


def test_spaces_in_a_tag_without_end_cost_no_more() -> None:
    text = "[pause" + " " * 200_000
    began = time.process_time()
    assert len(parse_markup(text).spans) == 1
    assert time.process_time() - began < 2.0


@given(_TEXTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        script = parse_markup(text)
    except InvalidRequest as error:
        assert (error.code, error.param) == ("invalid_tag", "text")  # noqa: PT017
        return
    _check_order(text, script)
    covered = {at for one in script.spans for at in range(one.start, one.end)}
    rest = "".join(" " if at in covered else char for at, char in enumerate(text))
    # What no passage covers are tags, and marks that nobody says.
    assert not any(map(is_speakable_char, _without_tags(rest)))


def _check_order(text: str, script: Markup) -> None:
    ends = [0, *(one.end for one in script.spans)]
    for before, one in zip(ends, script.spans, strict=False):
        assert before <= one.start < one.end <= len(text)
        assert any(map(is_speakable_char, text[one.start : one.end]))
        assert one.lead_s is None or one.lead_s >= 0
    assert script.tail_s >= 0


def _without_tags(text: str) -> str:
    """By hand rather than by the expression under test: from `[pause:` or `[voice:` to the next bracket."""
    kept: list[str] = []
    at = 0
    while at < len(text):
        end = _tag_end(text, at)
        if end is None:
            kept.append(text[at])
        at = end or at + 1
    return "".join(kept)


def _tag_end(text: str, at: int) -> int | None:
    head, _, _ = text[at:].partition("]")
    kind, colon, value = head[1:].partition(":")
    plain: Any = kind.rstrip().lower() in ("pause", "voice") and not set(value) & set("[\n")
    return at + len(head) + 1 if text[at] == "[" and colon and plain else None
