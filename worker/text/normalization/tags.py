"""Remove the tags of HTML, SSML and XML, and keep words in angle brackets, as "press <Enter>"."""

import re

from worker.text.normalization.mapped_text import Rule, text_after, text_before

_NAME = r"[A-Za-z][\w:-]{0,30}"
# Closing and empty elements, and names with attributes. In "x<y and 5>3" the signs are comparisons.
_MARKUP = re.compile(
    rf"</{_NAME}\s{{0,8}}>|<{_NAME}\s{{0,8}}/>"
    rf"|<{_NAME}(?:\s{{1,8}}(?:[\w:@.-]{{1,40}}\s?=\s?(?:\"[^\"<>]{{0,500}}\"|'[^'<>]{{0,500}}'|[^\s\"'<>=]{{1,200}})"
    r"|disabled|checked|hidden|open|async|defer|controls|autoplay|loop|muted|required|readonly|selected|nowrap)){1,20}"
    r"\s{0,8}/?>"
)
_OPENING = re.compile(rf"<({_NAME})\s{{0,8}}>")
_NAMES = (
    "a abbr acronym address area article aside audio b base bdi bdo big blockquote body br button canvas "
    "caption center cite code col colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset "
    "figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe "
    "img input ins kbd label legend li link main map mark math menu meta meter nav noscript object ol optgroup "
    "option output p param picture pre progress q rp rt ruby s samp script search section select slot small "
    "source span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time "
    "title tr track tt u ul var video wbr break desc emphasis lang lexicon lookup metadata phoneme prosody "
    "say-as speak token voice w"
)
_ELEMENTS = frozenset(_NAMES.split())
_ELEMENT_CHARS = 2000  # how far to look for the end of an element
_SENTENCE_START = re.compile(r"(?:^|[\n.!?…\"]\s?)$")
_SENTENCE = re.compile(r"[ \n][\"']?[^\W\d_]")


def _read_opening(match: re.Match[str]) -> str | None:
    """Return "" for a tag, and the word for a name in angle brackets. None keeps a comparison, as "a<b>c"."""
    name, before, after = match[1], text_before(match, chars=2), text_after(match)
    closed = f"</{name}>" in text_after(match, chars=_ELEMENT_CHARS)
    inside_word = before[-1:].isalnum() and after.isalnum()
    if inside_word and len(name) == 1 and not closed:
        return None
    if closed or name.lower() in _ELEMENTS:
        return ""
    if _SENTENCE_START.search(before) and name[0].isupper() and _SENTENCE.match(text_after(match, chars=3)):
        return f"{name}:"
    return f"{' ' * before[-1:].isalnum()}{name}{' ' * after.isalnum()}"


TAGS = (
    # A name is read before its closing tag is removed.
    Rule(_OPENING, _read_opening, needs="<"),
    Rule(_MARKUP, lambda _: "", needs="<"),
)
