"""`<say-as>` in the languages with rules, and texts that are not of the kind that they claim."""

import pytest

from worker.text.say_as import say_as


@pytest.mark.parametrize(
    ("language", "kind", "text", "words"),
    [
        ("en", "cardinal", "1234", "one thousand two hundred and thirty-four"),
        ("fr", "cardinal", "71", "soixante et onze"),
        ("de", "cardinal", "21", "einundzwanzig"),
        ("es", "cardinal", "-21", "menos veintiuno"),
        ("it", "cardinal", "21", "ventuno"),
        ("pt", "cardinal", "21", "vinte e um"),
        ("en", "cardinal", "1234567890", "one billion two hundred and thirty-four million"),
        ("en", "ordinal", "3", "third"),
        ("fr", "ordinal", "1er", "premier"),
        ("de", "ordinal", "3", "dritte"),
        ("es", "ordinal", "3", "tercero"),
        ("it", "ordinal", "3", "terzo"),
        ("pt", "ordinal", "3", "terceiro"),
        ("en", "digits", "1066", "one zero six six"),
        ("de", "digits", "10 66", "eins null, sechs sechs"),
        ("en", "characters", "sq3", "S, Q, three"),
        ("fr", "characters", "a@b", "A, arobase, B"),
        ("de", "characters", "ß1", "ß, eins"),
        ("pt", "characters", "é9", "É, nove"),
        ("ja", "characters", "ab", "A, B"),
        ("en", "telephone", "+1 555 0100", "plus one, five five five, zero one zero zero"),
        ("fr", "telephone", "01 42", "zéro un, quarante-deux"),
    ],
)
def test_kinds_are_said(language: str, kind: str, text: str, words: str) -> None:
    assert say_as(text, kind=kind, language=language).startswith(words)


@pytest.mark.parametrize(
    ("language", "form", "text", "words"),
    [
        ("en", "mdy", "3/4/2024", ["march", "fourth", "twenty twenty-four"]),
        ("en", "dmy", "3/4/2024", ["april", "third", "twenty twenty-four"]),
        ("en", "ymd", "20-1-2", ["january", "second", "twenty twenty"]),
        ("fr", "dmy", "01.02.1999", ["premier", "février", "quatre-vingt-dix-neuf"]),
        ("de", "dm", "3.10.", ["dritte", "oktober"]),
        ("es", "dmy", "2/5/1808", ["dos", "mayo", "mil ochocientos ocho"]),
        ("it", "my", "6/1946", ["giugno", "novecentoquarantasei"]),
        ("pt", "dmy", "7/9/1822", ["sete", "setembro", "mil oitocentos e vinte e dois"]),
        ("en", "m", "12", ["december"]),
        ("en", "y", "1999", ["nineteen"]),
    ],
)
def test_dates_are_read_in_the_order_of_their_format(
    language: str, form: str, text: str, words: list[str]
) -> None:
    said = say_as(text, kind="date", form=form, language=language).lower()
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("kind", "form", "text"),
    [
        *(("cardinal", "", "many"), ("cardinal", "", ""), ("ordinal", "", "first"), ("digits", "", "none")),
        *(("telephone", "", "call me"), ("date", "", "3 May 2024"), ("date", "mdy", "31/31/2024")),
        *(("date", "dmy", "3 May"), ("date", "xyz", "1.2.3"), ("date", "dmy", "1.2.20245")),
    ],
)
def test_a_text_of_another_kind_stays(kind: str, form: str, text: str) -> None:
    assert say_as(text, kind=kind, form=form, language="en") == text


def test_a_language_without_rules_keeps_numbers() -> None:
    assert say_as("12", kind="cardinal", language="ja") == "12"
