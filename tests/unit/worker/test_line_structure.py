# ruff: noqa: RUF001 - texts with typographic marks
"""Lines: wrapped prose is joined, divided words are mended, other lines end with a pause, and pages are cleaned."""

from textwrap import dedent

import pytest

from worker.text.normalization.mapped_text import MappedText
from worker.text.page_cleaning import clean_pages
from worker.text.splitting import split_text


def read(text: str, *, language: str = "en") -> str:
    """The text as it is spoken, with `|` where a paragraph ends."""
    spans = split_text(dedent(text).strip(), language=language, max_chars=2000, first_max_chars=None)
    return "".join(span.text + ("|" if span.paragraph_end else " ") for span in spans).removesuffix("|")


WRAPPED = {
    "en": """\
        The weather in the mountains was cold and clear this
        morning, and nobody in the vil-
        lage remembered who had built the old lighthouse at
        the end of the road.""",
    "fr": """\
        Le temps était froid et clair ce matin dans les mon-
        tagnes, et personne au village ne se souvenait de qui
        avait construit le vieux phare au bout de la route, dit-
        il en riant.""",
    "de": """\
        Der Verein wurde im Jahr 1901 von einigen Lehrern und
        Bürgern der Stadt gegründet, um die Vor- und
        Nachteile der neuen Straßenbeleuchtung zu prü-
        fen und den Rat zu beraten.""",
    "es": """\
        El tiempo en las montañas era frío y claro esta ma-
        ñana, y nadie en el pueblo recordaba quién había
        construido el viejo faro al final del camino.""",
    "it": """\
        Il tempo sulle montagne era freddo e sereno questa mat-
        tina, e nessuno nel villaggio ricordava chi avesse
        costruito il vecchio faro in fondo alla strada.""",
    "pt": """\
        O tempo nas montanhas estava frio e claro esta ma-
        nhã, e ninguém na aldeia se lembrava, disse-
        lhe ela, de quem construíra o velho farol.""",
}
JOINED = {
    "en": "clear this morning, and nobody in the village remembered",
    "fr": "dans les montagnes, et personne au village ne se souvenait de qui avait",
    "de": "Lehrern und Bürgern der Stadt gegründet, um die Vor- und Nachteile der neuen Straßenbeleuchtung zu prüfen",
    "es": "claro esta mañana, y nadie",
    "it": "questa mattina, e nessuno",
    "pt": "esta manhã, e ninguém na aldeia se lembrava, disse-lhe ela, de",
}


@pytest.mark.parametrize("language", WRAPPED)
def test_hard_wrapped_prose_is_joined(language: str) -> None:
    spoken = read(WRAPPED[language], language=language)
    assert JOINED[language] in spoken
    assert "\n" not in spoken
    assert "—" not in spoken


@pytest.mark.parametrize(
    ("language", "text", "spoken"),
    [
        ("en", "the light-\nhouse", "the lighthouse"),
        ("en", "a self-\nmade man", "a self-made man"),
        ("en", "the Anglo-\nSaxon kings", "the Anglo-Saxon kings"),
        ("en", "an x-\nray", "an x-ray"),
        ("en", "mother-in-\nlaw", "mother-in-law"),
        ("en", "a sea-\nport and another sea-port", "a sea-port and another sea-port"),
        ("en", "the soft\u00ad\nware", "the software"),
        ("en", "the light-  \n  house", "the lighthouse"),
        ("en", "pre- and\npost-war", "pre- and —\npost-war"),
        ("fr", "peut-\nêtre", "peut-être"),
        ("fr", "c'est-\nà-dire", "c'est-à-dire"),
        ("fr", "vient-\nelle", "vient-elle"),
        ("de", "Haus-\ntür", "Haustür"),
        ("de", "Haus-\nund Hof", "Haus- und Hof"),
        ("es", "nues-\ntra", "nuestra"),
        ("it", "ex-\nmarito", "ex-marito"),
        ("pt", "segunda-\nfeira", "segunda-feira"),
    ],
)
def test_divided_words_are_mended_and_compounds_keep_their_hyphen(
    language: str, text: str, spoken: str
) -> None:
    assert read(text, language=language) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Eggs\nMilk\nBread", "Eggs.\nMilk.\nBread"),
        ("Buy:\nEggs!\nMilk", "Buy:\nEggs!\nMilk"),
        ("CHAPTER ONE\nIt was a dark night.", "CHAPTER ONE.\nIt was a dark night."),
        ("John Smith\n12 High Street\nLondon", "John Smith.\n12 High Street.\nLondon"),
        ("She said “Yes”\nThen she left", "She said “Yes”.\nThen she left"),
        ("你喜欢读书\n我喜欢唱歌", "你喜欢读书。\n我喜欢唱歌"),
        ("[Alice]: Hello there\n[Bob]: Hi you\nThe end", "[Alice]: Hello there. [Bob]: Hi you.\nThe end"),
    ],
)
def test_other_lines_end_with_a_stop(text: str, spoken: str) -> None:
    assert read(text) == spoken


def test_verse_gets_dashes_not_stops() -> None:
    verse = """\
        I wandered lonely as a cloud
        That floats on high o'er vales and hills,
        When all at once I saw a crowd,
        A host, of golden daffodils;"""
    assert read(verse).startswith("I wandered lonely as a cloud —\nThat floats")
    sonnet = """\
        Shall I compare thee to a summer’s day
        Thou art more lovely and more temperate
        Rough winds do shake the darling buds, of May,
        And summer’s lease hath all too short a date"""
    assert read(sonnet).count("—") == 2


def test_a_heading_above_wrapped_prose_ends_with_a_stop() -> None:
    text = """\
        CHAPTER ONE
        It was a dark and stormy night; the rain fell in
        torrents, except at occasional intervals, when it was
        checked by a violent gust of wind which swept up the
        streets."""
    assert read(text).startswith("CHAPTER ONE. It was") or read(text).startswith("CHAPTER ONE.\nIt was")
    assert read(text).count("\n") <= 1


@pytest.mark.parametrize(
    "text",
    [
        *(
            "| a | b |\n|---|---|\n| 1 | 2 |",
            "> a quotation\n> goes on",
            "```\ncode here\nx = 1\n```",
            "One.\n***\nTwo.",
        ),
        *(
            "One,\ntwo;\nthree:\nfour —\nfive",
            "A single line without an end",
            "One.\r\nTwo.".replace("\r", ""),
        ),
    ],
)
def test_markdown_and_punctuated_lines_stay(text: str) -> None:
    assert read(text).replace("|One", "One").replace(". Two", ".\nTwo") == text


def test_an_item_of_a_list_goes_on_in_an_indented_line() -> None:
    assert read("- an item that is\n  long\n- another") == "- an item that is long|- another"


def test_places_stay_those_of_the_source() -> None:
    text = "The weather was cold in the moun-\ntains this morning\nEggs"
    for span in split_text(text, language="en", max_chars=200):
        for at, char in enumerate(span.text):
            if char.isalpha():
                assert text[span.mapped.starts[at] : span.mapped.ends[at]] == char


BOOK = """\
THE LIGHTHOUSE

The old lighthouse stood at the end of a long road, and no-

12

THE LIGHTHOUSE

body knew who had built it. It was tall and white and

13

THE LIGHTHOUSE

empty.

A woman walked there in 1984."""


class TestPages:
    def test_numbers_and_heads_are_removed_and_paragraphs_joined(self) -> None:
        assert clean_pages(MappedText.of(BOOK)).text == (
            "THE LIGHTHOUSE\n\nThe old lighthouse stood at the end of a long road, and no-\n"
            "body knew who had built it. It was tall and white and empty.\n\nA woman walked there in 1984."
        )

    @pytest.mark.parametrize(
        ("text", "clean"),
        [
            (
                "12  A TALE\nIt stood at\fA TALE  13\nthe end.\fSo it was.\n- 14 -",
                "It stood at the end.\n\nSo it was.",
            ),
            # A head that divides a sentence is no title.
            ("It stood at\fJ. DOE\nthe end.\fJ. DOE\nSo it was.", "It stood at the end.\n\nSo it was."),
            ("Chapter 1\nOne.\fChapter 2\nTwo.", "Chapter 1\nOne.\n\nChapter 2\nTwo."),
            ("Chapter 1\nOne.\fChapter 1\nTwo.", "Chapter 1\nOne.\n\nTwo."),
            # A sentence at the ends of two pages is heard at least once.
            ("One.\nIt was so.\fTwo.\nIt was so.\fThree.", "One.\nIt was so.\n\nTwo.\n\nThree."),
            ("Page 3 of 9\nHello.", "Hello."),
            ("Seite 4\n\nHallo.\n\nSeite 5", "Hallo."),
            ("Bonjour.\n\npage 12/30", "Bonjour."),
            ("iv\n\nHello.", "Hello."),
            ("I\n\nHello.\n\nill", "I\n\nHello.\n\nill"),
            ("There were\n3\nmen.", "There were\n3\nmen."),
            ("No page\n\nhas an end.", "No page\n\nhas an end."),
            ("\f\f", ""),
        ],
    )
    def test_page_marks_in_many_forms(self, text: str, clean: str) -> None:
        assert clean_pages(MappedText.of(text)).text == clean

    def test_places_stay_those_of_the_source(self) -> None:
        mapped = clean_pages(MappedText.of(BOOK))
        assert all(
            BOOK[start:end] == char
            for char, start, end in zip(mapped.text, mapped.starts, mapped.ends, strict=True)
            if char.isalnum()
        )
        assert list(mapped.starts) == sorted(mapped.starts)
