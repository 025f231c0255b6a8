"""Reads SubRip and WebVTT: texts with the times at which they are spoken.

WebVTT: https://www.w3.org/TR/webvtt1/. SubRip has no standard, so it is read as players read it.
"""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.errors import InvalidRequest

MAX_CUES = 20_000
MAX_DURATION_S = 36_000

_NAMES = {"srt": "SRT", "vtt": "WebVTT"}
_LINE_END = re.compile(r"\r\n|\r|\n")
_CLOCK = r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?")
_VTT_HEADER = re.compile(r"WEBVTT(?:[ \t].*)?")
# Blocks of WebVTT that are not cues.
_VTT_SILENT = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s.*)?")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>]{1,200})>|</v>")
_TAGS = {
    "srt": re.compile(r"</?[A-Za-z][^<>]{0,200}>|\{\\[^{}]{0,200}\}"),
    "vtt": re.compile(r"<[^<>]{0,400}>"),
}


@dataclass(frozen=True, slots=True)
class TimedCue:
    """Times in milliseconds. `spans` are (name of a voice or None, text); each has text."""

    start_ms: int
    end_ms: int
    spans: tuple[tuple[str | None, str], ...]


def parse_timed_text(text: str, *, input_type: str) -> list[TimedCue]:
    """Return the cues with text, in the order of their times. `input_type` is "srt" or "vtt".

    Raises InvalidRequest. It names the line, unless there are too many cues.
    """
    lines = _LINE_END.split(text.removeprefix("\ufeff"))
    blocks = _blocks(lines)
    if input_type == "vtt":
        blocks = _vtt_blocks(lines, blocks)
    cues = [_cue(lines, block, input_type) for block in blocks]
    if len(cues) > MAX_CUES:
        raise _error(input_type, None, f"There are {len(cues)} cues. The limit is {MAX_CUES}.")
    return sorted((cue for cue in cues if cue.spans), key=lambda cue: cue.start_ms)


def _blocks(lines: Sequence[str]) -> list[range]:
    """Return the blocks between empty lines. A block is the numbers of its lines, which count from 0."""
    blocks: list[range] = []
    start = 0
    for number in range(len(lines) + 1):
        if number == len(lines) or not lines[number].strip():
            if number > start:
                blocks.append(range(start, number))
            start = number + 1
    return blocks


def _vtt_blocks(lines: Sequence[str], blocks: list[range]) -> list[range]:
    if not _VTT_HEADER.fullmatch(lines[0]):
        raise _error("vtt", 0, "The first line must be WEBVTT.")
    return [block for block in blocks[1:] if not _VTT_SILENT.fullmatch(lines[block[0]])]


def _cue(lines: Sequence[str], block: range, input_type: str) -> TimedCue:
    # A line with a number or a name may come before the times.
    at = block[0] if "-->" in lines[block[0]] or len(block) == 1 else block[1]
    times = _TIMES.fullmatch(lines[at])
    if times is None:
        point = "," if input_type == "srt" else "."
        example = f"00:00:01{point}000 --> 00:00:02{point}500"
        raise _error(input_type, at, f"Expected the times of a cue, such as {example}.")
    start_ms, end_ms = _ms(*times.groups()[:4]), _ms(*times.groups()[4:])
    if end_ms < start_ms:
        raise _error(input_type, at, "The cue ends before it starts.")
    if end_ms > 1000 * MAX_DURATION_S:
        raise _error(input_type, at, f"The cue ends after more than {MAX_DURATION_S // 3600} hours.")
    spoken = [lines[number] for number in range(at + 1, block.stop)]
    if any("-->" in line for line in spoken):
        number = next(number for number in range(at + 1, block.stop) if "-->" in lines[number])
        raise _error(input_type, number, "An empty line must separate the cues.")
    return TimedCue(start_ms, end_ms, tuple(_spans(" ".join(spoken), input_type)))


def _spans(payload: str, input_type: str) -> Iterator[tuple[str | None, str]]:
    voice: str | None = None
    start = 0
    for tag in _VOICE.finditer(payload):
        if text := _plain(payload[start : tag.start()], input_type):
            yield voice, text
        voice, start = tag[1].strip() if tag[1] else None, tag.end()
    if text := _plain(payload[start:], input_type):
        yield voice, text


def _plain(text: str, input_type: str) -> str:
    without_tags = _TAGS[input_type].sub("", text)
    return " ".join((html.unescape(without_tags) if input_type == "vtt" else without_tags).split())


def _ms(hours: str | None, minutes: str, seconds: str, fraction: str) -> int:
    whole_s = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return 1000 * whole_s + int(fraction.ljust(3, "0"))


def _error(input_type: str, line: int | None, message: str) -> InvalidRequest:
    """`line` counts from 0."""
    place = _NAMES[input_type] if line is None else f"{_NAMES[input_type]}, line {line + 1}"
    return InvalidRequest(f"{place}: {message}", code="invalid_cues", param="text")
