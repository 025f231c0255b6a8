# ruff: noqa: RUF001 - phonemes look like other letters
"""SSML: how it is detected, the effects of its elements, and places in the source."""

from itertools import pairwise
from typing import Any

import pytest

from common.errors import InvalidRequest
from common.markup import Markup, VoiceSpan, has_markup, parse_input
from common.markup.ssml import parse_ssml


def parse(body: str) -> Markup:
    return parse_ssml(f"<speak>{body}</speak>")


def spoken(span: VoiceSpan) -> str:
    assert span.runs is not None
    return "".join(run.text for run in span.runs)


def texts(body: str) -> list[str]:
    return [spoken(span) for span in parse(body).spans]


class TestDetection:
    @pytest.mark.parametrize(
        "text",
        [
            "<speak>Hello.</speak>",
            ' \n<speak version="1.1">Hello.</speak>',
            "\ufeff<speak>Hello.</speak>",
            '<?xml version="1.0"?>\n<speak>Hello.</speak>',
            '<?xml version="1.0"?><!-- One. --><?style a?>\n<!-- Two. --><speak>Hello.</speak>',
        ],
    )
    def test_a_text_that_begins_with_speak_is_ssml(self, text: str) -> None:
        (span,) = parse_input(text, input_type=None).spans
        assert spoken(span) == "Hello."

    @pytest.mark.parametrize(
        "text",
        [
            "<b>Hello.</b>",
            "Say <speak>.",
            "<speaker>Hello.",
            "<speak-easy>Hello.",
            "<!-- <speak> -->Hello.",
            "<!DOCTYPE html><p>Hello.",
            "1 < 2",
            "<",
        ],
    )
    def test_other_texts_are_not(self, text: str) -> None:
        assert not has_markup(text, input_type=None)
        assert parse_input(text, input_type=None).spans[:1] in (
            (),
            parse_input(text, input_type="text").spans,
        )

    @pytest.mark.parametrize(
        "unit", ["<!--", "<!-- -->", "<?a?>", "<!DOCTYPE ", "\ufeff ", "<!DOCTYPE a><speak"]
    )
    def test_detection_takes_linear_time(self, unit: str) -> None:
        assert not has_markup(unit * (1_000_000 // len(unit)), input_type=None)

    def test_the_type_of_the_input_decides(self) -> None:
        text = "<speak>Hello.</speak>"
        assert parse_input(text, input_type="text").spans == (VoiceSpan(0, len(text), None, None),)
        with pytest.raises(InvalidRequest):
            parse_input("Hello.", input_type="ssml")

    def test_brackets_in_ssml_are_text(self) -> None:
        assert texts("One [pause:1s] two.") == ["One [pause:1s] two."]


class TestElements:
    @pytest.mark.parametrize(
        ("element", "pause_s"),
        [
            ('<break time="500ms"/>', 0.5),
            ('<break time="1.5s"/>', 1.5),
            ('<break time="+2s"/>', 2.0),
            ("<break/>", 0.5),
            ('<break strength="x-strong"/>', 1.2),
            ('<break strength="weak" time="3s"/>', 3.0),
            ('<break time="1s"/> <break time="2s"/>', 3.0),
        ],
    )
    def test_a_break_is_silence_before_the_next_words(self, element: str, pause_s: float) -> None:
        assert [span.lead_s for span in parse(f"One. {element} Two.").spans] == [None, pytest.approx(pause_s)]
        assert parse(f"One. {element}").tail_s == pytest.approx(pause_s)

    @pytest.mark.parametrize("element", ['<break strength="none"/>', '<break time="0s"/>'])
    def test_a_break_of_no_length_does_not_divide_the_text(self, element: str) -> None:
        assert texts(f"One {element}two.") == ["One two."]

    def test_paragraphs_are_apart_and_sentences_get_a_stop(self) -> None:
        assert texts("<p>A title</p><p><s>One</s><s>Is it two?</s><s>“Three.”</s></p>") == [
            "A title\n\nOne. Is it two? “Three.”"
        ]
        assert texts("<s>你好</s>") == ["你好。 "]

    def test_white_space_is_layout(self) -> None:
        (text,) = texts("\n  One\n\n\ttwo.\r\n")
        assert text.split() == ["One", "two."]
        assert "\n" not in text

    @pytest.mark.parametrize(
        ("rate", "factor"),
        [
            ("slow", 0.75),
            ("x-fast", 1.6),
            ("50%", 0.5),
            ("+20%", 1.2),
            ("-10%", 0.9),
            ("1.5", 1.5),
            ("default", 1),
        ],
    )
    def test_prosody_changes_the_rate(self, rate: str, factor: float) -> None:
        spans = parse(f'One <prosody rate="{rate}">two</prosody> three.').spans
        rates = {spoken(span).strip(): span.rate for span in spans}
        assert rates.get("two", 1.0) == pytest.approx(factor)

    def test_nested_rates_multiply_within_limits(self) -> None:
        (span,) = parse(
            '<prosody rate="50%"><prosody rate="50%"><prosody rate="50%">One.</prosody></prosody></prosody>'
        ).spans
        assert span.rate == 0.25

    def test_voices_and_languages(self) -> None:
        markup = parse_ssml(
            '<speak xml:lang="en-GB">One. <voice name="a">Two. <lang xml:lang="fr">Trois.</lang></voice>'
            '<voice name="default"><p xml:lang="de">Vier.</p></voice> Five.</speak>'
        )
        assert [(spoken(one).strip(), one.voice_id, one.language) for one in markup.spans] == [
            ("One.", None, "en-GB"),
            ("Two.", "a", "en-GB"),
            ("Trois.", "a", "fr"),
            ("Vier.", None, "de"),
            ("Five.", None, "en-GB"),
        ]
        assert markup.voice_ids == ("a",)

    def test_a_sentence_that_goes_on_in_another_manner_does_not_end_a_paragraph(self) -> None:
        body = 'One <prosody rate="slow">two</prosody> three.<p>Four.</p>'
        assert [span.paragraph_end for span in parse(body).spans] == [False, False, True]
        body = '<voice name="a">Hello.</voice><voice name="b">Hi,</voice> there.'
        assert [span.paragraph_end for span in parse(body).spans] == [True, False, True]
        body = '<p><voice name="a">One,</voice></p><p>two.</p>'
        assert [span.paragraph_end for span in parse(body).spans] == [True, True]

    @pytest.mark.parametrize(
        ("element", "run"),
        [
            ('<sub alias="World Wide Web">WWW</sub>', ("World Wide Web", "WWW", "", "", "")),
            ('<sub alias="fish &amp; chips">f&amp;c</sub>', ("fish & chips", "f&amp;c", "", "", "")),
            ("<sub>WWW</sub>", ("WWW", "WWW", "", "", "")),
            ('<say-as interpret-as="ordinal">3</say-as>', ("3", "3", "ordinal", "", "")),
            ('<say-as interpret-as="spell-out">SQL</say-as>', ("SQL", "SQL", "characters", "", "")),
            (
                '<say-as interpret-as="date" format="DMY">1/2/2024</say-as>',
                ("1/2/2024", "1/2/2024", "date", "dmy", ""),
            ),
            ('<say-as interpret-as="time">10:30</say-as>', ("10:30", "10:30", "", "", "")),
            ('<phoneme ph="wɪn">Nguyen</phoneme>', ("Nguyen", "Nguyen", "", "", "wɪn")),
            ('<phoneme alphabet="x-sampa" ph="wIn">Nguyen</phoneme>', ("Nguyen", "Nguyen", "", "", "")),
            ('<sub alias="two">1<emphasis>1</emphasis></sub>', ("two", "1<emphasis>1", "", "", "")),
        ],
    )
    def test_a_replaced_text_stands_for_its_source(self, element: str, run: Any) -> None:
        text = f"<speak>The {element} is é here.</speak>"
        (span,) = parse_ssml(text).spans
        assert span.runs is not None
        one = span.runs[1]
        assert (one.text, text[one.start : one.end], one.say_as, one.say_as_format, one.phonemes) == run

    def test_references_and_cdata_are_characters(self) -> None:
        assert texts("fish &amp; chips &#233; &#x1F600; <![CDATA[a < b &amp;]]> <!-- no --> end") == [
            "fish & chips é 😀 a < b &amp;  end"
        ]

    def test_other_elements_are_named_and_their_text_is_spoken(self) -> None:
        markup = parse("<emphasis>One</emphasis> <mark name='x'/><mstts:express-as>two</mstts:express-as>.")
        assert [spoken(span) for span in markup.spans] == ["One two."]
        (warning,) = markup.warnings
        assert all(name in warning for name in ("<emphasis>", "<mark>", "<mstts:express-as>"))

    def test_attributes_without_effect_are_named(self) -> None:
        body = '<prosody pitch="high">One</prosody> <say-as interpret-as="expletive">two</say-as> <voice>three</voice>'
        (warning,) = parse(f'<p xml:lang="no language">{body}</p>').warnings
        for name in ("pitch of <prosody>", "expletive", "<voice> without name", "xml:lang of <p>"):
            assert name in warning

    def test_metadata_is_not_spoken(self) -> None:
        assert texts("<metadata><x>About</x></metadata>One.<desc>A sound</desc>") == ["One."]


class TestPlaces:
    TEXT = (
        '\n<speak>\n <p>Ünïcode &amp; <sub alias="two words">x</sub>,</p>\r\n'
        ' <voice name="a">naïve 😀 end</voice></speak>'
    )

    def test_each_run_has_the_place_of_its_source(self) -> None:
        for span in parse_ssml(self.TEXT).spans:
            assert span.runs is not None
            for run in span.runs:
                source = self.TEXT[run.start : run.end]
                assert source.split() == run.text.split() or (run.text, source) in (
                    ("&", "&amp;"),
                    ("two words", "x"),
                )
            places = [(run.start, run.end) for run in span.runs]
            assert all(before[1] <= after[0] for before, after in pairwise(places))

    def test_spans_are_places_in_the_source(self) -> None:
        first, second = parse_ssml(self.TEXT).spans
        assert self.TEXT[first.start : first.end].startswith("Ünïcode &amp; <sub")
        assert self.TEXT[second.start : second.end] == "naïve 😀 end"
