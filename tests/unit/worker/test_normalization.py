"""Normalization: tables of expected readings, offsets into the original text, lexicons, and time for any text."""

# This file contains characters that look like others.
# ruff: noqa: RUF001

import json
import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.text_rates import Case, comparable_words, list_tables, load_cases, measure_rate
from worker.text.lexicon import Lexicon
from worker.text.normalization import normalize
from worker.text.verbatim_text import apply_lexicon

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
LANGUAGES = ("en", "en-GB", "fr", "de", "es", "it", "pt", "ja", "xx")
# Samples of what the rules match, so that random texts contain it.
_SAMPLES = (
    "1 2 10 1999 2024 3.5 1,000 1.000 $ € £ % ° °C km kg m/s h : - – — / . , ' \" * ** _ ` # ## > | + = × < & @ ~ ^"
    " ² ½ № § May Mai mai Jan. Dr. St. No. p.m. 3pm II XIV Louis Chapter v2 1st 2nd www. http:// a.com b@c.de"
    " #tag @me 😀 ❤️ \n"
    " [1] [a] ¹ † no. art. x<y −5 5>3 mmol/L N·m m s⁻¹ 15-Jan-2020 1:25 000 1.234,56 737-800 07 Chapters and *He sighs*"
    " ( ) [ ] ](/x/) ![ &amp; <b> word Wort mot é ﬁ \u200b \u0301 漢字"
)
PIECES = st.sampled_from([*_SAMPLES.split(" "), "\u00a0", "\n- ", "\n# "])
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=24).map("".join),
    st.lists(PIECES, max_size=16).map(" ".join),
)


def normalized_text(text: str, language: str = "en") -> str:
    return normalize(text, language=language).text


@pytest.mark.parametrize(
    "case",
    [case for table in list_tables() for case in load_cases(table) if not case.fixed],
    ids=lambda case: case.input,
)
def test_a_text_has_the_expected_reading(case: Case) -> None:
    assert case.actual == comparable_words(case.expected)


@pytest.mark.parametrize("table", list_tables())
def test_the_fixed_cases_pass_at_the_rate_in_the_readme(table: str) -> None:
    stated = re.search(rf"^\| {table} \| (\d+) \| (\d+) \| ([\d.]+) % \|$", README, re.MULTILINE)
    assert stated, f"tests/README.md has no row for {table}"
    found = measure_rate(table)
    assert (found.cases, found.fixed) == (int(stated[1]), int(stated[2]))
    assert found.fixed_passed >= found.fixed * float(stated[3]) / 100


@pytest.mark.parametrize(("table", "min_fixed"), [("en", 52), ("fr", 52)])
def test_a_table_has_enough_cases(table: str, min_fixed: int) -> None:
    assert measure_rate(table).fixed >= min_fixed
    assert measure_rate(table).cases >= 150


def test_punctuation_stays() -> None:
    assert normalized_text("Well, 2 came; why? Who knows… No: 3 — at least!") == (
        "Well, two came; why? Who knows… No: three — at least!"
    )


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("We left at 3 p.m. It rained.", "We left at three PM. It rained."),
        ("We left at 3 p.m. on Monday.", "We left at three PM on Monday."),
        ("Pens, paper, etc.", "Pens, paper, et cetera."),
        ("It weighs 3 lbs.", "It weighs three pounds."),
        ("# Title\n- one\n- two", "Title. one. two."),
        ("| a | b |\n|---|---|\n| c | d |", "a, b. c, d."),
    ],
)
def test_sentences_keep_their_full_stops_and_pauses(text: str, spoken: str) -> None:
    assert normalized_text(text) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Open /etc/hosts. Then go.", "Open slash etc slash hosts. Then go."),
        ("She said no. I left. It is art. I like it.", "She said no. I left. It is art. I like it."),
        ("We lay in the Sun. It shone.", "We lay in the Sun. It shone."),
        ("It ended.¹ He left,[2][3] too.[b] Fine†.", "It ended. He left, too. Fine."),
        ("See [1] or [the page](http://a.com).", "See [one] or the page."),
        ("Text【4:0†source】 here.", "Text here."),
        ("Einstein<sup>3</sup> wrote mc<sup>2</sup>.", "Einstein wrote mc two."),
        ("sys.argv[1] and [[1, 2], [3, 4]]", "sys.argv[one] and [[one, two], [three, four]]"),
        (
            "x<y and 5>3, <b>so</b> <name of author>",
            "x is less than y and five is greater than three, so (name of author)",
        ),
    ],
)
def test_marks_are_silent_and_sentences_stay(text: str, spoken: str) -> None:
    assert normalized_text(text) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("*He sighs* I know.", "He sighs. I know."),
        ("I know. *sighs* Fine.", "I know. sighs. Fine."),
        ('_She looks away_\n"Fine."', 'She looks away. "Fine."'),
        ("*He stops.* Why?", "He stops. Why?"),
        ("I am *very* sure. *Star Wars* Episode 4", "I am very sure. Star Wars Episode four"),
        ("*Never* again", "Never again"),
    ],
)
def test_a_stage_direction_is_a_sentence_of_its_own(text: str, spoken: str) -> None:
    assert normalized_text(text) == spoken


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("Öffne /etc/hosts. Dann auf diese Art. Er ging.", "de",
         "Öffne Schrägstrich etc Schrägstrich hosts. Dann auf diese Art. Er ging."),
        ("Fuimos al mar. Luego comimos.", "es", "Fuimos al mar. Luego comimos."),
        ("*Il soupire* C'est mon ex. Elle rit.", "fr", "Il soupire. C'est mon ex. Elle rit."),
        ("Ele venceu o set.", "pt", "Ele venceu o set."),
    ],
)  # fmt: skip
def test_sentences_of_other_languages_stay(text: str, language: str, spoken: str) -> None:
    assert normalized_text(text, language) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Zie https://www.voorbeeld.nl/pad?x=1 voor 5 km.", "Zie voorbeeld.nl voor 5 km."),
        ("**Hallo** 🎉 ﬁets", "Hallo fiets"),
        ("漢字を 3 回", "漢字を 3 回"),
        ("【重要】漢字【3】。", "【重要】漢字。"),
    ],
)
def test_a_text_in_an_unknown_language_is_only_cleaned(text: str, spoken: str) -> None:
    assert normalized_text(text, "nl") == spoken


def test_the_day_comes_first_in_a_british_date() -> None:
    assert normalized_text("on 03/04/2021") == "on March fourth, twenty twenty-one"
    assert normalized_text("on 03/04/2021", "en-GB") == "on the third of April twenty twenty-one"


def test_unknown_signs_stay() -> None:
    assert normalized_text("a ⌘ b ¤ c") == "a ⌘ b ¤ c"


def test_source_returns_the_span_of_the_original_text() -> None:
    text = "On Jan. 5 he paid $12.50, ok."
    spoken = normalize(text, language="en")
    first = spoken.text.index("twelve dollars")
    start, end = spoken.source(first, first + len("twelve dollars and fifty cents"))
    assert text[start:end] == "$12.50"
    ok = spoken.text.index("ok")
    assert spoken.source(ok, ok + 2) == (text.index("ok"), text.index("ok") + 2)
    paid = spoken.text.index("paid")
    assert spoken.source(paid, paid + 4) == (text.index("paid"), text.index("paid") + 4)


def test_pronunciations_of_a_lexicon_are_not_normalized() -> None:
    lexicon = Lexicon.of(
        {"sql": "sequel", "New York": "/nuː jɔːk/", "NASA": "nassa 7", "C++": "see plus plus"}
    )
    spoken = normalize("SQL in New  York: NASA, Nasa, nosql, C++ 2", language="en", lexicon=lexicon)
    assert spoken.text == "sequel in New York: nassa 7, Nasa, nosql, see plus plus two"
    [word] = spoken.phonemes
    assert (spoken.text[word.start : word.end], word.phonemes) == ("New York", "nuː jɔːk")


def test_a_link_with_phonemes_sets_the_pronunciation() -> None:
    spoken = normalize("5 times [Misaki](/misˈɑki/), see [about](/about/).", language="en")
    assert spoken.text == "five times Misaki, see about."
    [word] = spoken.phonemes
    assert (spoken.text[word.start : word.end], word.phonemes) == ("Misaki", "misˈɑki")
    assert spoken.source(word.start, word.end) == (8, 27)


def test_a_private_use_character_is_not_taken_for_a_placeholder() -> None:
    spoken = apply_lexicon("a \U000f0000 \U000f0009 cat", lexicon=Lexicon.of({"cat": "dog"}))
    assert spoken.text == "a dog"


def test_the_longest_entry_of_a_lexicon_wins() -> None:
    lexicon = Lexicon.of({"new": "old", "new york": "the city"})
    assert normalize("New York, new", language="en", lexicon=lexicon).text == "the city, old"


def test_the_second_of_two_merged_lexicons_takes_precedence() -> None:
    lexicon = Lexicon.of({"a": "one", "b": "two"})
    merged = lexicon.merged(Lexicon.of({"b": "three"}))
    assert dict(merged.entries) == {"a": "one", "b": "three"}
    assert lexicon.merged(Lexicon.of({})) is lexicon  # with its pattern


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        b"[1]",
        b'{"a": 1}',
        b'{"a": ""}',
        b'{"": "a"}',
        b"{",
        json.dumps({"a" * 101: "b"}).encode(),
        b"[" * 100_000,
    ],
)
def test_an_invalid_lexicon_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lexicon.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"lexicon"):
        Lexicon.read(path)


def test_a_lexicon_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.json"
    path.write_text('{"naïve": "nigh eve"}', encoding="utf-8")
    assert normalize("A naïve try", language="en", lexicon=Lexicon.read(path)).text == "A nigh eve try"
    with pytest.raises(ValueError, match="cannot be read"):
        Lexicon.read(tmp_path / "missing.json")


def test_a_lexicon_has_at_most_1000_entries() -> None:
    with pytest.raises(ValueError, match="1000"):
        Lexicon.of({f"word{index}": "x" for index in range(1001)})


@settings(max_examples=300)
@given(text=TEXTS, language=st.sampled_from(LANGUAGES))
def test_any_text_is_normalized_and_mapped(text: str, language: str) -> None:
    spoken = normalize(text, language=language)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", spoken.text)
    assert spoken.text == " ".join(spoken.text.split())
    spans = [spoken.source(at, at + 1) for at in range(len(spoken.text))]
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(spans))
    assert spoken.source(0, len(spoken.text)) == (
        (spans[0][0], spans[-1][1]) if spans else spoken.source(0, 0)
    )


@settings(max_examples=200)
@given(
    text=st.lists(st.sampled_from([case.input for case in load_cases("en")]), min_size=1, max_size=3).map(
        "\n\n".join
    )
)
def test_normalizing_twice_changes_nothing(text: str) -> None:
    once = normalized_text(text)
    assert comparable_words(normalized_text(once)) == comparable_words(once)


@pytest.mark.parametrize(
    "unit",
    [
        "a", "1", "1,", "1.", "1 ", "1-", "1:", "1/", "-", "$1", "€", ".", "a.", "a@", "@", "#", "x_", "**", "* ", "[",
        "[](", "![", "<", "<a ", "&a", "|", "`", "~", "\n", "\n- ", "\n# ", "# ",
        "http://", "www.", "a.com/", "I", "MCM",
        "St. ", "A. ", "'", '"', "(", "😀", "\u0301", "²", "^1", "1e", "1h", "May 1",
        "é", "\u200d", "\ue000", "v1.", "+1 ",
        "1x", "°",
        "Dr", "/a", "a/", "«", "_", "==",
        "[1]", "a[", "ab[1] ", "<b a=", "a<b ", "<a a ", "*a ", "\n*a", "word¹", "<sup>", "【1†", "no. ", "Sun. ",
        "m⁻", "1 m s⁻", "N·", "1 N·m", "1 m/", "1:2 ", "1.234", "1 234", "Chapter 0", "II, ", "Chapter II, ", "737-",
        "<a>", "x <b>c", "[a]: ", "[a]: x/", "a**", "1**", "a*", "ab[0]", "`a[1]", "A- ", "–1 ", "5 - ", "1 Jan ",
        "1,00,", "\\*", "5\u00a0000", ">=", "-1-",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "fr"])
def test_normalizing_takes_linear_time(unit: str, language: str) -> None:
    short, long = (_cpu_s(unit * (chars // len(unit)), language=language) for chars in (4_000, 16_000))
    assert long < 8 * short + 0.3


@pytest.mark.parametrize("unit", ["a", "1", "a.", "_a", "é"])
def test_a_word_of_200000_characters_is_normalized_in_time(unit: str) -> None:
    assert _cpu_s(unit * (200_000 // len(unit)), language="en") < 30


def _cpu_s(text: str, *, language: str) -> float:
    normalize(text[:100], language=language)
    begun = time.process_time()
    normalize(text, language=language)
    return time.process_time() - begun
