"""Remove Markdown and HTML markup, and add pauses where it structures the text."""

import html
import re

from worker.text.normalization.mapped_text import Rule, text_after, text_before
from worker.text.normalization.tags import TAGS

# An engine already pauses after these.
_PAUSE_MARKS = ".!?…:;,。！？"  # noqa: RUF001
_MARKER = r"[ \t]{0,16}(?:[-*+•‣◦▪·][ \t]|\d{1,3}[.)][ \t](?=\S))"
# A name to fill in, as "<name of author>", or an address after a name. A reader pauses around it.
_NAME_IN_ANGLES = re.compile(r"(?<![\w)])<([A-Za-z][^<>\n=]{1,200})>(?!\w)")
# A destination, and a title: "[docs]: https://example.com 'The pages'". In "[Alice]: Hello" the text is to be read.
_LINK_DEFINITION = re.compile(
    r"(?m)^ {0,3}\[[^\[\]\n]{1,200}\]: ?"
    r"(?:<[^<>\n]{1,2000}>|(?:https?:|ftp:|mailto:|www\.|\.{0,2}/|#)[^\s<>]{1,2000}|[\w.-]{1,200}/[\w./-]{0,500}\.\w{1,8})"
    r"(?: ?(?:\"[^\"\n]{0,500}\"|'[^'\n]{0,500}'|\([^()\n]{0,500}\)))?[ \t]{0,16}$\n?"
)
_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]{1,30}\]:?")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_LINK = re.compile(
    r"!?\[([^\[\]\n]{0,500})\]\((?:[^()\s]|\([^()\s]{0,200}\)){0,2000}(?: \"[^\"\n]{0,200}\")? ?\)"
)
# "grid[i][j]" is an element of a table.
_REFERENCE_LINK = re.compile(r"(?<![\w\])])!?\[([^\[\]\n]{0,500})\]\[[^\[\]\n]{0,100}\]")
_EMPHASIS_START = re.compile(r"(?<![\w*_~\\])(?:\*{1,3}|_{1,3}|~~|==)(?=[^\s*_~=])")
_EMPHASIS_END = re.compile(r"(?<=[^\s*_~=\\])(?:\*{1,3}|_{1,3}|~~|==)(?![\w*_~=])")
# Emphasis marks inside a word. A single star between digits or single letters is a multiplication.
_EMPHASIS_INSIDE = re.compile(
    r"(?<=[^\s*])\*\*(?=[^\s*])"
    r"|(?:(?<=[^\W\d_])(?<!\b[^\W\d_])(?<!\bpi)\*(?=[^\W\d_])|(?<=[^\W\d_])\*(?=[^\W\d_]{2})(?!pi\b))|~~"
)
_STRONG_START = re.compile(r"(?<![\w)])\*\*(?!\s)")
# The base in "x**n". "d**n" is a swearword.
_VARIABLE = re.compile(r"[abcekprxyz]")
# "2**10", not the end of emphasis as in "**A**1".
_POWER = re.compile(
    r"((?<![\w.])(?<!(?<![\w)])\*\*)(?:\d{1,12}(?:[.,]\d{1,6})?|[^\W\d_]\w{0,30})|\))(?:\*\*| \*\* )"
    "(?=[-\u2212]?(?:\\d{1,6}|[inxy])(?!\\w))"
)


def _end_line(match: re.Match[str]) -> str:
    """Return the line with a full stop at its end if it has no punctuation there."""
    line = match[0].rstrip(" \t|*_`~")
    bare = line.rstrip("\"')]")
    return match[0] if not bare or bare[-1] in _PAUSE_MARKS else f"{match[0].rstrip()}."


def _write_power(match: re.Match[str]) -> str | None:
    is_word = match[1][0].isalpha() and len(match[1]) > 1
    is_power = not match[1][0].isalpha() or text_after(match) not in "inxy" or _VARIABLE.fullmatch(match[1])
    if not is_power or (is_word and _STRONG_START.search(text_before(match, chars=200))):
        return None
    return f"{match[1]}^"


def _strip_closing_hashes(match: re.Match[str]) -> str:
    text = match[1].rstrip()
    bare = text.rstrip("#")
    return bare.rstrip() if bare.endswith(" ") or not bare else text


MARKDOWN = (
    Rule(re.compile(r"<!--[^<>]{0,2000}-->"), lambda _: "", needs="<"),
    Rule(
        re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,2000})>"),
        lambda match: match[1].removeprefix("mailto:"),
        needs="<",
    ),
    Rule(
        re.compile(r"<(?:br|/p|/h[1-6]|/li|/tr|hr)\b[^<>\n]{0,300}>", re.IGNORECASE),
        lambda _: "\n",
        needs="<",
    ),
    *TAGS,
    Rule(_NAME_IN_ANGLES, lambda match: f"({match[1]})", needs="<"),
    Rule(_ENTITY, lambda match: html.unescape(match[0]), needs="&"),
    Rule(re.compile(r"(?m)^ {0,3}(?:```|~~~)[^`\n]*$\n?"), lambda _: "", needs="`~"),
    Rule(_LINK_DEFINITION, lambda _: "", needs="["),
    Rule(_LINK, lambda match: match[1], needs="["),
    Rule(_REFERENCE_LINK, lambda match: match[1], needs="["),
    Rule(_FOOTNOTE, lambda _: "", needs="["),
    Rule(re.compile(r"(?m)^(?: {0,3}>(?! ?\d|=)){1,8} ?"), lambda _: "", needs=">"),
    Rule(re.compile(r"(?m)^ {0,3}\|?[ :|-]{0,400}--[ :|-]{0,400}$\n?"), lambda _: "", needs="-"),
    Rule(re.compile(r"(?m)^ {0,3}(?:={3,}|(?:[*_] ?){3,}) *$\n?"), lambda _: "", needs="=*_"),
    Rule(re.compile(r"(?m)^ {0,3}#{1,6}[ \t][^\n]{0,4000}$"), _end_line, needs="#"),
    Rule(re.compile(r"(?m)^ {0,3}#{1,6}[ \t]+([^\n]*)$"), _strip_closing_hashes, needs="#"),
    Rule(re.compile(rf"(?m)^{_MARKER}[^\n]{{0,4000}}$"), _end_line, needs="-*+•‣◦▪·.)"),
    Rule(re.compile(r"(?m)^[ \t]{0,16}[-*+•‣◦▪·][ \t]{1,4}(?:\[[ xX]\] )?"), lambda _: "", needs="-*+•‣◦▪·"),
    Rule(re.compile(r"(?m)^([ \t]{0,16}\d{1,3})\)(?=[ \t])"), lambda match: f"{match[1]}.", needs=")"),
    Rule(re.compile(r"(?m)^ {0,3}\|[^\n]{0,4000}\|[ \t]{0,8}$"), _end_line, needs="|"),
    Rule(re.compile(r"(?m)^ {0,3}\| ?| ?\| ?(?=\.?$)"), lambda _: "", needs="|"),
    Rule(re.compile(r" \| |(?<=[^\W\d])\|(?=[^\W\d])|(?<=\S)\| |(?: \|)(?=\S)"), lambda _: ", ", needs="|"),
    Rule(re.compile(r"(?<!\\)`{1,3}"), lambda _: "", needs="`"),
    Rule(_POWER, _write_power, needs="*"),
    Rule(_EMPHASIS_INSIDE, lambda _: "", needs="*~"),
    Rule(_EMPHASIS_START, lambda _: "", needs="*_~="),
    Rule(_EMPHASIS_END, lambda _: "", needs="*_~="),
    Rule(re.compile(r"(?<![\\:])\\([*_#~+<>\[\]|`])"), lambda match: match[1], needs="\\"),
)
