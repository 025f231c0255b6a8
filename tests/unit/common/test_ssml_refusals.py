"""SSML that is refused, the limits of its parser, and any other text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import InvalidRequest
from common.markup import MAX_PAUSE_S, parse_input
from common.markup.ssml import MAX_DEPTH, MAX_ELEMENTS, parse_ssml
from common.speakable_text import is_speakable


def refused(text: str) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as raised:
        parse_ssml(text)
    return raised.value


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "place", "reason"),
        [
            ("<speak>\n<p>é</q></speak>", "line 2, column 7", "mismatched tag"),
            ("<speak>One", "line 1, column 11", "no element found"),
            ("\n <speak>&nbsp;</speak>", "line 2, column 9", "undefined entity"),
            ('<speak>One <break time="soon"/></speak>', "line 1, column 12", "500ms"),
            (f'<speak><break time="{MAX_PAUSE_S + 1}s"/></speak>', "line 1, column 8", "60 s"),
            ('<speak><break strength="huge"/></speak>', "line 1, column 8", "x-strong"),
            ('<speak><prosody rate="quick">a</prosody></speak>', "line 1, column 8", "rate"),
            ('<speak><prosody rate="900%">a</prosody></speak>', "line 1, column 8", "400%"),
            ("<prosody>Hello.</prosody>", "line 1, column 1", "<speak>"),
            ("<speak>One.</speak><speak>Two.</speak>", "line 1, column 20", "junk"),
            ("<!DOCTYPE speak><speak>One.</speak>", "line 1", "DOCTYPE"),
            ('<!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>', "line 1", "DOCTYPE"),
            ('<!DOCTYPE speak SYSTEM "file:///etc/passwd"><speak>One.</speak>', "line 1", "DOCTYPE"),
        ],
    )
    def test_the_message_has_the_place_and_the_reason(self, text: str, place: str, reason: str) -> None:
        error = refused(text)
        assert (error.status, error.code, error.param) == (400, "invalid_ssml", "text")
        assert place in error.message
        assert reason in error.message

    @pytest.mark.parametrize(
        "doctype", ["speak", "html", 'x [<!ENTITY a "b">]', 'x PUBLIC "-//W3C//DTD"\n"file:a"']
    )
    def test_a_document_type_is_refused_without_the_type_of_the_input(self, doctype: str) -> None:
        with pytest.raises(InvalidRequest, match=r"line \d, .*DOCTYPE"):
            parse_input(f"<!-- One. -->\n<!DOCTYPE {doctype}>\n<speak>&a;</speak>", input_type=None)

    def test_depth_and_number_of_elements_are_limited(self) -> None:
        deep = "<p>" * MAX_DEPTH + "One." + "</p>" * MAX_DEPTH
        assert "deep" in refused(f"<speak>{deep}</speak>").message
        many = "<s>a</s>" * MAX_ELEMENTS
        assert "elements" in refused(f"<speak>{many}</speak>").message

    def test_the_total_silence_is_limited(self) -> None:
        breaks = '<break time="60s"/>' * 61
        assert refused(f"<speak>One.{breaks}</speak>").code == "invalid_tag"

    @pytest.mark.parametrize(
        "unit", ["<s>é</s>", "word, ", "&amp;", "<![CDATA[a]]>", "<!--a-->", "\n", '<sub alias="a">b</sub>']
    )
    def test_parsing_takes_linear_time(self, unit: str) -> None:
        count = min(200_000 // len(unit), MAX_ELEMENTS - 1)
        started_at = time.process_time()
        parse_ssml(f"<speak>{unit * count}</speak>")
        assert time.process_time() - started_at < 5


_PIECES = st.sampled_from(
    [
        *(
            "<p>",
            "</p>",
            "<s>",
            "</s>",
            "<break/>",
            '<break time="1s"/>',
            '<break time="x"/>',
            "</speak>",
            "<speak>",
        ),
        *(
            '<voice name="a">',
            "</voice>",
            '<prosody rate="slow">',
            '<prosody rate="?">',
            "</prosody>",
            "<b>",
            "</b>",
        ),
        *(
            '<sub alias="é">',
            "</sub>",
            '<say-as interpret-as="date" format="dmy">',
            "</say-as>",
            "<metadata>",
        ),
        *(
            '<phoneme ph="ə">',
            "</phoneme>",
            "</metadata>",
            '<lang xml:lang="fr">',
            "</lang>",
            "<![CDATA[",
            "]]>",
        ),
        *(
            "&amp;",
            "&#233;",
            "&x;",
            "<!DOCTYPE speak>",
            "<?pi?>",
            "<!--",
            "-->",
            "One. ",
            "3",
            "\r\n",
            "\ud800",
            "😀",
        ),
    ]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=25).map("".join), st.booleans())
def test_any_text_is_parsed_or_refused(body: str, is_wrapped: bool) -> None:
    text = f"<speak>{body}</speak>" if is_wrapped else body
    try:
        markup = parse_input(text, input_type="ssml")
    except InvalidRequest as error:
        assert (error.code, error.param) == ("invalid_ssml", "text")  # noqa: PT017
        return
    end = 0
    for span in markup.spans:
        assert is_speakable("".join(run.text for run in span.runs or ()))
        assert end <= span.start < span.end <= len(text)
        assert all(span.start <= run.start <= run.end <= span.end for run in span.runs or ())
        end = span.end
