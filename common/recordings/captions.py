"""What a recording says at which moment: as it is stored, and as SubRip, WebVTT and JSON.

Stored is a list of cues, one for each segment that was spoken: `[start_s, end_s, start, end, voice_id, words]`, with
words as `[start_s, end_s, start, end]`, or none where the engine doesn't tell. `start` and `end` are characters of the
job's text as Python counts them, the end not included.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from common.recordings.subtitles import Moments, Subtitle, divide, plain

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True)
class TimedWord:
    """Characters [start, end) are heard from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cue:
    """A segment. Its words are in order, do not overlap, and lie within it in time."""

    start_s: float
    end_s: float
    start: int
    end: int
    voice_id: str | None
    words: tuple[TimedWord, ...]


def read_cues(rows: Sequence[Any], *, text: str) -> list[Cue]:
    """What is stored, with time going forwards only and no character outside of the text."""
    cues: list[Cue] = []
    for start_s, end_s, start, end, voice_id, words in rows:
        begins_s = max(0.0, start_s, cues[-1].end_s if cues else 0.0)
        ends_s = max(begins_s, end_s)
        first, last = _within(start, end, least=0, most=len(text))
        cue = Cue(begins_s, ends_s, first, last, voice_id, ())
        cues.append(replace(cue, words=tuple(_tidy(words, cue))))
    return cues


def as_document(rows: Sequence[Any], *, text: str, job_id: str, duration_s: float) -> dict[str, Any]:
    """For JSON: each segment and word with the characters that stand in the text."""
    segments = [_segment(index, cue, text) for index, cue in enumerate(read_cues(rows, text=text))]
    return {"job_id": job_id, "duration_s": duration_s, "segments": segments}


def as_srt(rows: Sequence[Any], *, text: str) -> str:
    """SubRip: it knows no escapes, so an arrow in the text is drawn as one."""
    blocks = (
        f"{number}\n{_span(subtitle, mark=',')}\n{_joined(subtitle).replace('-->', '→')}\n"
        for number, (subtitle, _) in enumerate(_subtitles(rows, text), start=1)
    )
    return "\n".join(blocks)


def as_vtt(rows: Sequence[Any], *, text: str) -> str:
    """WebVTT. The voice stands with each subtitle where the recording has several."""
    several = len({row[4] for row in rows}) > 1
    blocks = ["WEBVTT\n"]
    for number, (subtitle, voice_id) in enumerate(_subtitles(rows, text), start=1):
        said = _joined(subtitle).translate(_ESCAPES)
        if several and voice_id:
            said = f"<v {voice_id.translate(_ESCAPES)}>{said}</v>"
        blocks.append(f"{number}\n{_span(subtitle, mark='.')}\n{said}\n")
    return "\n".join(blocks)


def _within(start: int, end: int, *, least: int, most: int) -> tuple[int, int]:
    first = min(max(least, start), most)
    return first, min(max(first, end), most)


def _tidy(words: Sequence[Any], cue: Cue) -> Iterator[TimedWord]:
    """A number is read in several words that all stand for the same characters: they become one."""
    held: TimedWord | None = None
    for start_s, end_s, start, end in words:
        first, last = _within(start, end, least=cue.start, most=cue.end)
        if first == last:
            continue
        from_s = min(max(start_s, held.end_s if held else cue.start_s), cue.end_s)
        word = TimedWord(from_s, min(max(from_s, end_s), cue.end_s), first, last)
        if held and first < held.end:
            word = replace(held, end_s=word.end_s, end=max(held.end, last))
        elif held:
            yield held
        held = word
    if held:
        yield held


def _segment(index: int, cue: Cue, text: str) -> dict[str, Any]:
    words = [
        {"text": text[word.start : word.end], "start_s": word.start_s, "end_s": word.end_s}
        | {"start": word.start, "end": word.end}
        for word in cue.words
    ]
    return {
        "index": index,
        "start_s": cue.start_s,
        "end_s": cue.end_s,
        "start": cue.start,
        "end": cue.end,
        "text": text[cue.start : cue.end],
        "voice_id": cue.voice_id,
        "words": words,
    }


def _subtitles(rows: Sequence[Any], text: str) -> Iterator[tuple[Subtitle, str | None]]:
    """Each with its voice, in thousandths that only grow: players drop what has no length."""
    before_ms = 0
    text = plain(text)
    for cue in read_cues(rows, text=text):
        for subtitle in divide(text, start=cue.start, end=cue.end, moments=_moments(cue)):
            start_ms = max(before_ms, subtitle.start_ms)
            before_ms = max(start_ms + 1, subtitle.end_ms)
            yield replace(subtitle, start_ms=start_ms, end_ms=before_ms), cue.voice_id


def _moments(cue: Cue) -> Moments:
    spans = (
        (cue.start, cue.start_s, cue.end, cue.end_s),
        *((w.start, w.start_s, w.end, w.end_s) for w in cue.words),
    )
    return Moments(
        point for start, start_s, end, end_s in spans for point in ((start, start_s), (end, end_s))
    )


def _joined(subtitle: Subtitle) -> str:
    return "\n".join(subtitle.lines)


def _span(subtitle: Subtitle, *, mark: str) -> str:
    return f"{_clock(subtitle.start_ms, mark=mark)} --> {_clock(subtitle.end_ms, mark=mark)}"


def _clock(moment_ms: int, *, mark: str) -> str:
    seconds, thousandths = divmod(moment_ms, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{mark}{thousandths:03}"
