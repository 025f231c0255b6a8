"""The default title of a recording: the first heading or line of its text. The studio uses the same rule."""

import re

TITLE_CHARS = 80
# A heading further down is not the title. Longer lines than this are not read to their end.
_HEAD_CHARS = 2000
_HEADING_LINES = 10

_HEADING = re.compile(r"#{1,6}\s+\S")
_RULE = re.compile(r"[-=*_~\s]+")
# Lines without any of this have neither marks nor entities. Looking for it is faster than removing them.
_MAY_HAVE_MARKS = re.compile(r"[\[<#*_~`&]|^\s*[>+-]")
# SSML and HTML, whose tags may be longer than a line.
_DOCUMENT = re.compile(r"\s*<[?!a-z]", re.IGNORECASE)
_DOCUMENT_TAG = re.compile(r"<!--.*?-->|<[?!/]?[a-z][^<>]*>", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));", re.IGNORECASE)
_LAST_CODE, _SURROGATES = 0x10FFFF, range(0xD800, 0xE000)
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
# In this order. The replacement keeps the text of a mark.
_MARKS = (
    (re.compile(r"\[(?:pause|voice)\s*:[^\[\]\n]*\]", re.IGNORECASE), " "),
    (re.compile(r"!?\[([^\[\]\n]+)\]\([^()\n]*\)"), r"\1"),
    (re.compile(r"</?[a-z][^<>\n]*>", re.IGNORECASE), " "),
    (re.compile(r"^\s*(?:(?:>|#{1,6}(?=\s)|[-*+](?=\s))\s*)+"), ""),
    (re.compile(r"\s#+\s*$"), ""),
    (re.compile(r"(\*\*|__|~~|`)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])([*_])(?=\S)([^*_]+)(?<=\S)\1(?![\w*])"), r"\2"),
)


def title_of(text: str) -> str:
    """The title without Markdown marks and tags, of at most 80 characters. Empty if the text has no words."""
    head = text[:_HEAD_CHARS]
    if _DOCUMENT.match(head):
        head = _DOCUMENT_TAG.sub(" ", head)
    lines = [line for line in head.splitlines() if plain_line(line)]
    heading = next((line for line in lines[:_HEADING_LINES] if _HEADING.match(line.strip())), None)
    return _shorten(plain_line(heading or lines[0])) if lines else ""


def plain_line(line: str) -> str:
    """The line without marks and tags. Empty for a line of marks only."""
    if _RULE.fullmatch(line):
        return ""
    if _MAY_HAVE_MARKS.search(line) is None:
        return " ".join(line.split())
    for pattern, replacement in _MARKS:
        line = pattern.sub(replacement, line)
    return " ".join(_ENTITY.sub(_character, line).split())


def _character(entity: re.Match[str]) -> str:
    decimal, hexadecimal, name = entity.groups()
    if name:
        return _ENTITIES[name.lower()]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if code <= _LAST_CODE and code not in _SURROGATES else entity[0]


def _shorten(title: str) -> str:
    """Cut between words, or within a word that is longer than a title."""
    if len(title) <= TITLE_CHARS:
        return title
    cut = title[:TITLE_CHARS]
    whole_words = cut[: cut.rfind(" ")] if " " in cut[TITLE_CHARS // 2 :] else cut[:-1]
    return whole_words.rstrip() + "…"
