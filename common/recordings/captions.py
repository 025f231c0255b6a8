"""Captions: segments and words of a recording with their times, as SubRip, WebVTT and JSON.

`start` and `end` are characters of the job's text as Python counts them, without the end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from common.recordings.subtitles import Subtitle, Timeline, mask_markup, split_segment

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True)
class TimedWord:
    """Characters [start, end) are heard from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Caption:
    """A segment with its time. `words` is empty where the engine gives no word times."""

    start_s: float
    end_s: float
    start: int
    end: int
    voice_id: str | None
    words: tuple[TimedWord, ...] = ()

    def as_row(self) -> list[Any]:
        """As stored: `[start_s, end_s, start, end, voice_id, words]`, with words as `[start_s, end_s, start, end]`."""
        words = [[word.start_s, word.end_s, word.start, word.end] for word in self.words]
        return [self.start_s, self.end_s, self.start, self.end, self.voice_id, words]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> "Caption":
        start_s, end_s, start, end, voice_id, words = row
        return cls(start_s, end_s, start, end, voice_id, tuple(TimedWord(*word) for word in words))


def normalized(captions: Sequence[Caption], *, text: str) -> list[Caption]:
    """Captions whose times only go forwards, within the text, with words in order, without overlaps."""
    found: list[Caption] = []
    for caption in captions:
        start_s = max(0.0, caption.start_s, found[-1].end_s if found else 0.0)
        end_s = max(start_s, caption.end_s)
        start, end = _within(caption.start, caption.end, least=0, most=len(text))
        bare = Caption(start_s, end_s, start, end, caption.voice_id)
        found.append(replace(bare, words=tuple(_tidy_words(caption.words, bare))))
    return found


def as_document(captions: Sequence[Caption], *, text: str, job_id: str, duration_s: float) -> dict[str, Any]:
    """For JSON: each segment and word with the characters that stand in the text."""
    segments = [_segment(index, one, text) for index, one in enumerate(normalized(captions, text=text))]
    return {"job_id": job_id, "duration_s": duration_s, "segments": segments}


def as_srt(captions: Sequence[Caption], *, text: str) -> str:
    """SubRip: it knows no escapes, so an arrow in the text is drawn as one."""
    blocks = (
        f"{number}\n{_span(subtitle, mark=',')}\n{_joined(subtitle).replace('-->', '→')}\n"
        for number, (subtitle, _) in enumerate(_subtitles(captions, text), start=1)
    )
    return "\n".join(blocks)


def as_vtt(captions: Sequence[Caption], *, text: str) -> str:
    """WebVTT. The voice stands with each subtitle where the recording has several."""
    several = len({one.voice_id for one in captions}) > 1
    blocks = ["WEBVTT\n"]
    for number, (subtitle, voice_id) in enumerate(_subtitles(captions, text), start=1):
        said = _joined(subtitle).translate(_ESCAPES)
        if several and voice_id:
            said = f"<v {voice_id.translate(_ESCAPES)}>{said}</v>"
        blocks.append(f"{number}\n{_span(subtitle, mark='.')}\n{said}\n")
    return "\n".join(blocks)


def _within(start: int, end: int, *, least: int, most: int) -> tuple[int, int]:
    first = min(max(least, start), most)
    return first, min(max(first, end), most)


def _tidy_words(words: Sequence[TimedWord], caption: Caption) -> Iterator[TimedWord]:
    """A number is read in several words that all stand for the same characters: they become one."""
    held: TimedWord | None = None
    for one in words:
        first, last = _within(one.start, one.end, least=caption.start, most=caption.end)
        if first == last:
            continue
        from_s = min(max(one.start_s, held.end_s if held else caption.start_s), caption.end_s)
        word = TimedWord(from_s, min(max(from_s, one.end_s), caption.end_s), first, last)
        if held and first < held.end:
            word = replace(held, end_s=word.end_s, end=max(held.end, last))
        elif held:
            yield held
        held = word
    if held:
        yield held


def _segment(index: int, caption: Caption, text: str) -> dict[str, Any]:
    words = [
        {"text": text[word.start : word.end], "start_s": word.start_s, "end_s": word.end_s}
        | {"start": word.start, "end": word.end}
        for word in caption.words
    ]
    return {
        "index": index,
        "start_s": caption.start_s,
        "end_s": caption.end_s,
        "start": caption.start,
        "end": caption.end,
        "text": text[caption.start : caption.end],
        "voice_id": caption.voice_id,
        "words": words,
    }


def _subtitles(captions: Sequence[Caption], text: str) -> Iterator[tuple[Subtitle, str | None]]:
    """Each with its voice, in thousandths that only grow: players drop what has no length."""
    before_ms = 0
    text = mask_markup(text)
    for caption in normalized(captions, text=text):
        for subtitle in split_segment(text, start=caption.start, end=caption.end, moments=_moments(caption)):
            start_ms = max(before_ms, subtitle.start_ms)
            before_ms = max(start_ms + 1, subtitle.end_ms)
            yield replace(subtitle, start_ms=start_ms, end_ms=before_ms), caption.voice_id


def _moments(caption: Caption) -> Timeline:
    spans = (
        (caption.start, caption.start_s, caption.end, caption.end_s),
        *((w.start, w.start_s, w.end, w.end_s) for w in caption.words),
    )
    return Timeline(
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
