"""Strict parsers of SubRip and WebVTT. They raise ValueError for anything that a player may not accept."""

import html
import re
from dataclasses import dataclass
from itertools import pairwise

_CLOCK = r"(\d\d+):([0-5]\d):([0-5]\d){}(\d{{3}})"
_SRT_SPAN = re.compile(f"{_CLOCK.format(',')} --> {_CLOCK.format(',')}")
_VTT_SPAN = re.compile(f"{_CLOCK.format('[.]')} --> {_CLOCK.format('[.]')}")
_VOICE = re.compile(r"<v ([^<>&\n]+)>([^<>]*)</v>")
_ESCAPED = re.compile(r"&(amp|lt|gt);")
LINE_ENDS = "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


@dataclass(frozen=True)
class ReadCaption:
    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    voice: str | None = None


def read_srt(content: str) -> list[ReadCaption]:
    blocks = _blocks(content) if content else []
    return _checked([_shown(block, number, _SRT_SPAN) for number, block in enumerate(blocks, start=1)])


def read_vtt(content: str) -> list[ReadCaption]:
    header, *blocks = _blocks(content)
    _require(header == ["WEBVTT"], "header")
    found = [_shown(block, number, _VTT_SPAN) for number, block in enumerate(blocks, start=1)]
    return _checked([_unescaped(one) for one in found])


def _blocks(content: str) -> list[list[str]]:
    """Return the blocks of lines between empty lines. The last block must end like the others."""
    _require(not any(end in content for end in LINE_ENDS), "line ends")
    _require(content.endswith("\n") and not content.endswith("\n\n"), "end of file")
    content.encode()
    blocks = [block.split("\n") for block in content.removesuffix("\n").split("\n\n")]
    _require(all(line for block in blocks for line in block), "empty lines")
    return blocks


def _shown(block: list[str], number: int, span: re.Pattern[str]) -> ReadCaption:
    counted, times, *lines = block
    _require(counted == str(number), "numbers")
    match = span.fullmatch(times)
    _require(match is not None, "times")
    assert match is not None
    _require(1 <= len(lines) <= 2, "lines")
    _require(not any("-->" in line for line in lines), "an arrow in the text")
    return ReadCaption(_ms(*match.groups()[:4]), _ms(*match.groups()[4:]), tuple(lines))


def _unescaped(shown: ReadCaption) -> ReadCaption:
    text = "\n".join(shown.lines)
    voice = _VOICE.fullmatch(text)
    name, text = (voice[1], voice[2]) if voice else (None, text)
    _require("<" not in text and ">" not in text, "a tag")
    _require("&" not in _ESCAPED.sub("", text), "an escape")
    return ReadCaption(shown.start_ms, shown.end_ms, tuple(html.unescape(text).split("\n")), name)


def _checked(shown: list[ReadCaption]) -> list[ReadCaption]:
    _require(all(one.start_ms < one.end_ms for one in shown), "lengths")
    _require(all(before.end_ms <= after.start_ms for before, after in pairwise(shown)), "order")
    return shown


def _ms(hours: str, minutes: str, seconds: str, thousandths: str) -> int:
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(thousandths)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)
