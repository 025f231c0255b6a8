"""Numbers in words, in the languages that num2words supports."""

import random
import string

import pytest

from worker.text.number_words import spell_numbers

ENGLISH = {
    "It is 42.": "It is forty-two.",
    "1,234,567.89": (
        "one million, two hundred and thirty-four thousand, five hundred and sixty-seven point eight nine"
    ),
    "-3.5 or x=-5, (\u22127)": "minus three point five or x=minus five, (minus seven)",
    "10-20 of 1999": "ten-twenty of one thousand, nine hundred and ninety-nine",
    "the 1st, 22nd and 3rd, not the 4": "the first, twenty-second and third, not the four",
    "mp3, 3D, a1b2": "mp three, three D, a one b two",
    "agent 007": "agent zero zero seven",
    "1.2.3": "one point two.three",
    "no digits at all": "no digits at all",
    "": "",
}
OTHER_LANGUAGES = (
    ("fr", "Le 1er, le 2e, 1 234 567,5", "Le premier, le deuxième, " + "un million deux cent trente-quatre mille "
     "cinq cent soixante-sept virgule cinq"),
    ("fr-CA", "12", "douze"),
    ("fr", "1\u202f234", "mille deux cent trente-quatre"),
    ("de", "1.234,5 und 3 Äpfel", "eintausendzweihundertvierunddreißig Komma fünf und drei Äpfel"),
    ("es", "21", "veintiuno"),
    ("pt", "-2", "menos dois"),
    ("ru", "12", "двенадцать"),
    ("kk", "9", "тоғыз"),
    ("nb", "3", "tre"),
    ("ar", "٢٠", "عشرون"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "spelled"), ENGLISH.items())
def test_english_numbers_are_spelled(text: str, spelled: str) -> None:
    assert spell_numbers(text, language="en-US") == spelled


@pytest.mark.parametrize(("language", "text", "spelled"), OTHER_LANGUAGES)
def test_numbers_are_read_in_the_notation_of_the_language(language: str, text: str, spelled: str) -> None:
    assert spell_numbers(text, language=language) == spelled


@pytest.mark.parametrize("language", ["hi", "zh", "xx", "", "ojb-Cans"])
def test_a_text_in_an_unsupported_language_is_unchanged(language: str) -> None:
    assert spell_numbers("It is 42.", language=language) == "It is 42."


def test_a_number_that_num2words_cannot_spell_is_unchanged() -> None:
    assert spell_numbers("-21 và 5", language="vi") == "-21 và năm"


def test_a_long_number_is_read_digit_by_digit() -> None:
    assert spell_numbers("9" * 16, language="en") == " ".join(["nine"] * 16)
    assert "trillion" in spell_numbers("9" * 15, language="en")
    assert len(spell_numbers("1" * 10_000, language="en").split()) == 10_000


@pytest.mark.parametrize(
    "language", ["en", "fr", "de", "ru", "ja", "ar", "vi", "pl", "bn", "th", "he", "ko", "tr", "am"]
)
def test_spelling_never_raises(language: str) -> None:
    """Tries random texts of digits, signs and letters."""
    rng = random.Random(language)
    pieces = [
        *string.digits,
        *"-\u2212.,  \u00a0\u202f'%$€/:;()[]°²½Ⅷ٣३５\u0301\n",
        "st",
        "th",
        "er",
        "e",
        "a",
        "É",
        "日",
    ]
    for _ in range(400):
        text = "".join(rng.choices(pieces, k=rng.randint(1, 30)))
        assert isinstance(spell_numbers(text, language=language), str)


def test_english_text_has_no_digits_left() -> None:
    rng = random.Random(7)
    for _ in range(1000):
        text = "".join(rng.choices("0123456789.,- aé", k=rng.randint(1, 25)))
        assert not any(map(str.isdecimal, spell_numbers(text, language="en"))), text
