"""Captions: the segments and words of a recording with their times, as SubRip, WebVTT and JSON.

`start` and `end` are the characters [start, end) of the job's text, as Python counts them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from common.recordings.subtitles import Subtitle, Timeline, mask_markup, split_segment

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True)
class TimedWord:
    """Characters [start, end), spoken from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Caption:
    """A segment with its time. `words` is empty if the engine gives no word timings."""

    start_s: float
    end_s: float
    start: int
    end: int
    voice_id: str | None
    words: tuple[TimedWord, ...] = ()

    def as_row(self) -> list[Any]:
        """The stored form: `[start_s, end_s, start, end, voice_id, words]`. A word: `[start_s, end_s, start, end]`."""
        words = [[word.start_s, word.end_s, word.start, word.end] for word in self.words]
        return [self.start_s, self.end_s, self.start, self.end, self.voice_id, words]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> "Caption":
        start_s, end_s, start, end, voice_id, words = row
        return cls(start_s, end_s, start, end, voice_id, tuple(TimedWord(*word) for word in words))


def normalized(captions: Sequence[Caption], *, text: str) -> list[Caption]:
    """The captions within the text, in order, without overlaps, and with words in order."""
    result: list[Caption] = []
    for caption in captions:
        start_s = max(0.0, caption.start_s, result[-1].end_s if result else 0.0)
        end_s = max(start_s, caption.end_s)
        start, end = _clamped(caption.start, caption.end, minimum=0, maximum=len(text))
        without_words = Caption(start_s, end_s, start, end, caption.voice_id)
        result.append(replace(without_words, words=tuple(_merged_words(caption.words, without_words))))
    return result


def as_document(captions: Sequence[Caption], *, text: str, job_id: str, duration_s: float) -> dict[str, Any]:
    """For JSON: each segment and word with its text."""
    segments = [_segment(index, one, text) for index, one in enumerate(normalized(captions, text=text))]
    return {"job_id": job_id, "duration_s": duration_s, "segments": segments}


def as_srt(captions: Sequence[Caption], *, text: str, duration_s: float = 0.0) -> str:
    """SubRip. The format has no escapes, so `-->` in the text becomes an arrow character.

    `duration_s`: the end of the audio, until which the last subtitle may stay.
    """
    blocks = (
        f"{number}\n{_time_range(subtitle, point=',')}\n{_text(subtitle).replace('-->', '→')}\n"
        for number, (subtitle, _) in enumerate(
            timed_subtitles(captions, text, duration_s=duration_s), start=1
        )
    )
    return "\n".join(blocks)


def as_vtt(captions: Sequence[Caption], *, text: str, duration_s: float = 0.0) -> str:
    """WebVTT. Subtitles name their voice if the recording has several. `duration_s` is as for `as_srt`."""
    has_several_voices = len({one.voice_id for one in captions}) > 1
    blocks = ["WEBVTT\n"]
    for number, (subtitle, caption) in enumerate(
        timed_subtitles(captions, text, duration_s=duration_s), start=1
    ):
        shown = _text(subtitle).translate(_ESCAPES)
        if has_several_voices and caption.voice_id:
            shown = f"<v {caption.voice_id.translate(_ESCAPES)}>{shown}</v>"
        blocks.append(f"{number}\n{_time_range(subtitle, point='.')}\n{shown}\n")
    return "\n".join(blocks)


def timed_subtitles(
    captions: Sequence[Caption], text: str, *, duration_s: float
) -> Iterator[tuple[Subtitle, Caption]]:
    """Each subtitle with its caption. All last at least 1 ms, because players drop empty ones.

    `duration_s` is the end of the audio.
    """
    previous_end_ms = 0
    text = mask_markup(text)
    ordered = normalized(captions, text=text)
    for number, caption in enumerate(ordered, start=1):
        until_s = ordered[number].start_s if number < len(ordered) else max(duration_s, caption.end_s)
        subtitles = split_segment(
            text, start=caption.start, end=caption.end, timeline=timeline_of(caption), until_s=until_s
        )
        for subtitle in subtitles:
            start_ms = max(previous_end_ms, subtitle.start_ms)
            previous_end_ms = max(start_ms + 1, subtitle.end_ms)
            yield replace(subtitle, start_ms=start_ms, end_ms=previous_end_ms), caption


def timeline_of(caption: Caption) -> Timeline:
    spans = (
        (caption.start, caption.start_s, caption.end, caption.end_s),
        *((w.start, w.start_s, w.end, w.end_s) for w in caption.words),
    )
    return Timeline(
        point for start, start_s, end, end_s in spans for point in ((start, start_s), (end, end_s))
    )


def _clamped(start: int, end: int, *, minimum: int, maximum: int) -> tuple[int, int]:
    first = min(max(minimum, start), maximum)
    return first, min(max(first, end), maximum)


def _merged_words(words: Sequence[TimedWord], caption: Caption) -> Iterator[TimedWord]:
    """Merge words that overlap in the text. A number, for example, is spoken as several words."""
    previous: TimedWord | None = None
    for one in words:
        first, last = _clamped(one.start, one.end, minimum=caption.start, maximum=caption.end)
        if first == last:
            continue
        start_s = min(max(one.start_s, previous.end_s if previous else caption.start_s), caption.end_s)
        word = TimedWord(start_s, min(max(start_s, one.end_s), caption.end_s), first, last)
        if previous and first < previous.end:
            word = replace(previous, end_s=word.end_s, end=max(previous.end, last))
        elif previous:
            yield previous
        previous = word
    if previous:
        yield previous


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


def _text(subtitle: Subtitle) -> str:
    return "\n".join(subtitle.lines)


def _time_range(subtitle: Subtitle, *, point: str) -> str:
    """`point` separates seconds from milliseconds."""
    return f"{_timestamp(subtitle.start_ms, point=point)} --> {_timestamp(subtitle.end_ms, point=point)}"


def _timestamp(moment_ms: int, *, point: str) -> str:
    seconds, milliseconds = divmod(moment_ms, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{point}{milliseconds:03}"
