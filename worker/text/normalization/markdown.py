"""Remove Markdown and HTML markup, and add pauses where it structures the text."""

import html
import re

from worker.text.normalization.mapped_text import Rule

# An engine already pauses after these.
_PAUSE_MARKS = ".!?…:;,。！？"  # noqa: RUF001
_MARKER = r"[ \t]{0,16}(?:[-*+•‣◦▪·][ \t]|\d{1,3}[.)][ \t](?=\S))"
# A name, and attributes with values. In "x<y and 5>3" the signs are comparisons.
_TAG = re.compile(
    r"</?[A-Za-z][\w:-]{0,30}\s{0,8}/?>"
    r"|<[A-Za-z][\w:-]{0,30}(?:\s{1,8}(?:[\w:@.-]{1,40}\s?=\s?(?:\"[^\"<>]{0,500}\"|'[^'<>]{0,500}'|[^\s\"'<>=]{1,200})"
    r"|disabled|checked|hidden|open|async|defer|controls|autoplay|loop|muted|required|readonly|selected|nowrap)){1,20}"
    r"\s{0,8}/?>"
)
# A name to fill in, as "<name of author>", or an address after a name. A reader pauses around it.
_NAME_IN_ANGLES = re.compile(r"(?<![\w)])<([A-Za-z][^<>\n=]{1,200})>(?!\w)")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_LINK = re.compile(
    r"!?\[([^\[\]\n]{0,500})\]"
    r"(?:\((?:[^()\s]|\([^()\s]{0,200}\)){0,2000}(?: \"[^\"\n]{0,200}\")? ?\)|\[[^\[\]\n]{0,100}\])"
)
_EMPHASIS_START = re.compile(r"(?<![\w*_~])(?:\*{1,3}|_{1,3}|~~|==)(?=[^\s*_~=])")
_EMPHASIS_END = re.compile(r"(?<=[^\s*_~=])(?:\*{1,3}|_{1,3}|~~|==)(?![\w*_~=])")
# Emphasis marks inside a word. A single star between digits is a multiplication.
_EMPHASIS_INSIDE = re.compile(r"(?<=[^\s*])\*\*(?=[^\s*])|(?<=[^\W\d_])\*(?=[^\W\d_])|~~")


def _end_line(match: re.Match[str]) -> str:
    """Return the line with a full stop at its end if it has no punctuation there."""
    line = match[0].rstrip(" \t|*_`~")
    bare = line.rstrip("\"')]")
    return match[0] if not bare or bare[-1] in _PAUSE_MARKS else f"{match[0].rstrip()}."


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
    Rule(_TAG, lambda _: "", needs="<"),
    Rule(_NAME_IN_ANGLES, lambda match: f"({match[1]})", needs="<"),
    Rule(_ENTITY, lambda match: html.unescape(match[0]), needs="&"),
    Rule(re.compile(r"(?m)^ {0,3}(?:```|~~~)[^`\n]*$\n?"), lambda _: "", needs="`~"),
    Rule(re.compile(r"(?m)^ {0,3}\[[^\[\]\n]{1,200}\]: ?\S{1,2000}[^\n]*$"), lambda _: "", needs="["),
    Rule(_LINK, lambda match: match[1], needs="["),
    Rule(re.compile(r"\[\^[^\[\]\s]{1,30}\]"), lambda _: "", needs="["),
    Rule(re.compile(r"(?m)^(?: {0,3}>(?! ?\d)){1,8} ?"), lambda _: "", needs=">"),
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
    Rule(re.compile(r"`{1,3}"), lambda _: "", needs="`"),
    Rule(_EMPHASIS_INSIDE, lambda _: "", needs="*~"),
    Rule(_EMPHASIS_START, lambda _: "", needs="*_~="),
    Rule(_EMPHASIS_END, lambda _: "", needs="*_~="),
)
