"""Parses SSML 1.1 (https://www.w3.org/TR/speech-synthesis11/) into the spans that a voice speaks.

Document types and entities are refused, and the depth and the number of elements are limited.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from xml.parsers import expat

from common.errors import InvalidRequest
from common.markup.spans import Markup
from common.markup.ssml_spans import SpanBuilder
from common.markup.ssml_values import break_s

MAX_DEPTH = 32
MAX_ELEMENTS = 10_000

# A document may begin with a declaration, comments and a document type, which `parse_ssml` refuses.
_BEGINNING = re.compile(
    r"""
    [\s\ufeff]*+
    (?: (?: <\?[^<>]{0,200}\?> | <!--(?>[\s\S]{0,2000}?-->) ) \s*+ )*+
    (?: <speak(?=[\s/>]) | <!DOCTYPE\s (?>[\s\S]{0,2000}?<speak(?=[\s/>])) )
    """,
    re.VERBOSE,
)
_SPOKEN_ELEMENTS = frozenset(
    {"speak", "p", "s", "break", "prosody", "phoneme", "sub", "say-as", "lang", "voice"}
)
_PARAGRAPHS = frozenset({"p", "paragraph"})
_SENTENCES = frozenset({"s", "sentence"})
# SSML says that these are not spoken.
_SILENT_ELEMENTS = frozenset({"metadata", "meta", "lexicon", "desc"})
_ATTRIBUTES = {
    "speak": {"version", "xmlns", "xml:lang", "xml:base", "xsi:schemaLocation", "xmlns:xsi"},
    "break": {"time", "strength"},
    "prosody": {"rate"},
    "phoneme": {"alphabet", "ph"},
    "sub": {"alias"},
    "say-as": {"interpret-as", "format"},
    "lang": {"xml:lang"},
    "voice": {"name", "xml:lang"},
    "p": {"xml:lang"},
    "s": {"xml:lang"},
}


def is_ssml(text: str) -> bool:
    """Return True if the text is a document that begins with `<speak>`."""
    return "<" in text[:400] and _BEGINNING.match(text) is not None


def parse_ssml(text: str) -> Markup:
    """Raises InvalidRequest, with line and column, if the text is not well-formed or has an invalid value."""
    return _Parser(text).parse()


class _Parser:
    """Reads the events of the XML parser and counts characters, because the parser counts bytes."""

    def __init__(self, text: str) -> None:
        body = text.lstrip("\ufeff \t\r\n\f\v")
        self._skipped = text[: len(text) - len(body)]
        self._data = body.encode(errors="replace")
        self._is_ascii = len(self._data) == len(body)
        self._counted_bytes, self._counted_chars = 0, len(self._skipped)
        self._elements = 0
        self._path: list[str] = []
        self._in_cdata = False
        self._silent_depth = 0
        self._builder = SpanBuilder()
        self._expat = self._create()

    def _create(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = False
        parser.ordered_attributes = False
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.EntityDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartCdataSectionHandler = lambda: self._set_cdata(active=True)
        parser.EndCdataSectionHandler = lambda: self._set_cdata(active=False)
        return parser

    def parse(self) -> Markup:
        try:
            self._expat.Parse(self._data, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise self._error(
                f"This is not well-formed: {reason}.", line=error.lineno, column=error.offset
            ) from None
        return self._builder.finish()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if not self._path and name != "speak":
            raise self._error("The first element must be <speak>.")
        if len(self._path) >= MAX_DEPTH:
            raise self._error(f"Elements are nested more than {MAX_DEPTH} deep.")
        if self._elements > MAX_ELEMENTS:
            raise self._error(f"The text has more than {MAX_ELEMENTS} elements.")
        self._path.append(name)
        if self._silent_depth or name in _SILENT_ELEMENTS:
            self._silent_depth += 1
            return
        self._note_ignored(name, attributes)
        at = self._at()
        if name in _PARAGRAPHS:
            self._builder.end_paragraph(at)
        with self._placed_errors():
            self._builder.push(name, attributes, at)
            if name == "break":
                self._builder.pause(break_s(time=attributes.get("time"), strength=attributes.get("strength")))

    def _end(self, name: str) -> None:
        self._path.pop()
        if self._silent_depth:
            self._silent_depth -= 1
            return
        at = self._at()
        if name in _SENTENCES:
            self._builder.end_sentence(at)
        self._builder.pop(at)
        if name in _PARAGRAPHS:
            self._builder.end_paragraph(at)

    def _characters(self, chars: str) -> None:
        if self._silent_depth:
            return
        start = self._at()
        self._builder.add(chars, start, start + self._source_chars(chars))

    def _source_chars(self, chars: str) -> int:
        """Return how many characters of the source stand for these. A reference such as `&amp;` is longer."""
        first = self._expat.CurrentByteIndex
        if not self._in_cdata and self._data[first : first + 1] == b"&":
            return self._data.index(b";", first) + 1 - first
        return 2 if self._data[first : first + 2] == b"\r\n" else len(chars)

    def _note_ignored(self, name: str, attributes: dict[str, str]) -> None:
        known = {"paragraph": "p", "sentence": "s"}.get(name, name)
        if known not in _SPOKEN_ELEMENTS:
            self._builder.ignored_elements[name] = None
            return
        for attribute in attributes:
            if attribute not in _ATTRIBUTES[known]:
                self._builder.ignored_attributes[f"{attribute} of <{name}>"] = None

    def _at(self) -> int:
        """Return the place of the current event in the text, in characters."""
        index = self._expat.CurrentByteIndex
        if self._is_ascii:
            return len(self._skipped) + index
        self._counted_chars += len(self._data[self._counted_bytes : index].decode())
        self._counted_bytes = index
        return self._counted_chars

    def _set_cdata(self, *, active: bool) -> None:
        self._in_cdata = active

    def _refuse_doctype(self, *_: object) -> None:
        raise self._error("A document type (DOCTYPE) is not allowed.")

    @contextmanager
    def _placed_errors(self) -> Iterator[None]:
        """Add the place to the message of a ValueError."""
        try:
            yield
        except ValueError as error:
            raise self._error(str(error)) from None

    def _error(self, message: str, *, line: int | None = None, column: int | None = None) -> InvalidRequest:
        line = line if line is not None else self._expat.CurrentLineNumber
        column = column if column is not None else self._expat.CurrentColumnNumber
        if line == 1:
            column += len(self._skipped) - (self._skipped.rfind("\n") + 1)
        line += self._skipped.count("\n")
        return InvalidRequest(
            f"SSML, line {line}, column {column + 1}: {message}", code="invalid_ssml", param="text"
        )
