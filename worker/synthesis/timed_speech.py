"""Speaks cues at their times: SubRip and WebVTT in, speech that keeps their times out."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from math import inf
from typing import Any

import numpy as np

from common.catalogue.loudness import gain_db
from common.jobs.options import CUE_SEPARATOR
from common.recordings.captions import Caption
from worker.engines.protocol import Speech, Word
from worker.sound import Trimmed, pause_after_s, trim
from worker.sound.time_stretch import split_speed, stretch
from worker.synthesis.rendering import Rendering, at_rate
from worker.synthesis.segment_synthesis import SynthesizedSegment
from worker.synthesis.segmentation import Segment

# Speech that is longer than the time until the next cue is sped up to this, above which it is hard to follow.
MAX_FASTER = 1.6
# Trimmed speech begins with a little silence, so that soft consonants are not cut off. It precedes the cue.
_LEAD_IN_S = 0.02
# A cue that begins this much late is not worth a warning.
_TOLERANCE_S = 0.05
_NAMED_MAX = 20


@dataclass(frozen=True, slots=True)
class Cue:
    """`next_s` is the start of the next cue, infinite after the last one."""

    start_s: float
    end_s: float
    next_s: float


class CueTimes:
    """The cues of a text in which each is a paragraph. `times_ms` is `Options.cue_times_ms`."""

    def __init__(self, text: str, times_ms: Sequence[int]) -> None:
        starts_s = [ms / 1000 for ms in times_ms[::2]]
        ends_s = [ms / 1000 for ms in times_ms[1::2]]
        self.cues = [Cue(*times) for times in zip(starts_s, ends_s, [*starts_s[1:], inf], strict=True)]
        self._first_chars = [0]
        for paragraph in text.split(CUE_SEPARATOR):
            self._first_chars.append(self._first_chars[-1] + len(paragraph) + len(CUE_SEPARATOR))

    def number_at(self, char: int) -> int:
        """The number of the cue with this character of the text."""
        return min(bisect_right(self._first_chars, char), len(self.cues)) - 1


def _joined(
    spoken: Sequence[SynthesizedSegment], *, engine_speed: float, level_voices: bool
) -> SynthesizedSegment:
    if len(spoken) == 1:
        return spoken[0]
    first = spoken[0].segment
    rate_hz = spoken[0].speech.sample_rate_hz
    pieces: list[Any] = []
    words: list[Word] = []
    position = 0
    for one, following in pairwise((*spoken, None)):
        if one is None:
            continue
        samples = at_rate(one.speech.samples, from_hz=one.speech.sample_rate_hz, to_hz=rate_hz)
        trimmed = trim(samples, sample_rate_hz=rate_hz, speed=engine_speed)
        gain = gain_db(one.segment.voice) - gain_db(first.voice) if level_voices else 0.0
        pieces.append(trimmed.samples * np.float32(10 ** (gain / 20)))
        offset_s = (position - trimmed.head) / rate_hz
        words += [Word(w.start, w.end, w.start_s + offset_s, w.end_s + offset_s) for w in one.speech.words]
        if following is not None:
            pieces.append(np.zeros(round(_pause_s(one, following, engine_speed) * rate_hz), np.float32))
        position = sum(map(len, pieces))
    segment = replace(first, end=max(one.segment.end for one in spoken))
    return SynthesizedSegment(segment, Speech(np.concatenate(pieces), rate_hz, tuple(words)))


def _pause_s(before: SynthesizedSegment, after: SynthesizedSegment, engine_speed: float) -> float:
    if after.segment.lead_s is not None:
        return after.segment.lead_s
    return pause_after_s(
        sentence_end=before.segment.sentence_end,
        paragraph_end=before.segment.paragraph_end,
        speed=engine_speed,
    )


class TimedRendering(Rendering):
    """Renders each segment, which `join_cues` made of one cue, at the time of its cue."""

    trims = True

    def __init__(self, *args: Any, cue_times: CueTimes, **options: Any) -> None:
        super().__init__(*args, **options)
        self._cue_times = cue_times
        # How much faster than the job the current cue is.
        self._faster = 1.0
        self._cue = cue_times.cues[0]
        self._too_long: list[Cue] = []

    @property
    def warnings(self) -> tuple[str, ...]:
        if not self._too_long:
            return ()
        named = ", ".join(_clock(cue.start_s) for cue in self._too_long[:_NAMED_MAX])
        more = len(self._too_long) - _NAMED_MAX
        rest = f" and {more} more" if more > 0 else ""
        return (
            f"The speech of these cues is longer than the time until the next cue, which starts late: {named}{rest}.",
        )

    def join_cues(self, spoken: Iterator[SynthesizedSegment]) -> Iterator[SynthesizedSegment]:
        """Join the segments of each cue into one, with natural pauses between them."""
        engine_speed = split_speed(self._asked_speed, native=self._native_speed)[0]
        for _, group in groupby(spoken, key=lambda one: self._cue_times.number_at(one.segment.start)):
            yield _joined(list(group), engine_speed=engine_speed, level_voices=self._level_voices)

    def end(self, *, tail_s: float) -> None:
        """Also fill the time until the end of the last cue."""
        super().end(tail_s=max(tail_s, self._cue_times.cues[-1].end_s - self.duration_s))

    def _closing_pause_s(self) -> float:
        """The file ends with its last cue."""
        return 0.0

    def _add(self, spoken: SynthesizedSegment) -> Caption | None:
        self._cue = self._cue_times.cues[self._cue_times.number_at(spoken.segment.start)]
        self._faster = 1.0
        caption = super()._add(spoken)
        if self.duration_s > self._cue.next_s + _TOLERANCE_S:
            self._too_long.append(self._cue)
        return caption

    def _trimmed(self, spoken: SynthesizedSegment, *, rate_hz: int) -> Trimmed:
        trimmed = super()._trimmed(spoken, rate_hz=rate_hz)
        natural_s = len(trimmed.samples) / rate_hz
        time_s = self._cue.next_s - max(self._cue.start_s - _LEAD_IN_S, self.duration_s)
        if natural_s <= time_s:
            return trimmed
        self._faster = min(MAX_FASTER, natural_s / time_s) if time_s > 0 else MAX_FASTER
        samples = stretch(trimmed.samples, sample_rate_hz=rate_hz, speed=self._faster)
        return Trimmed(samples, round(trimmed.head / self._faster))

    def _stretch_speed(self, segment: Segment) -> float:
        return super()._stretch_speed(segment) * self._faster

    def _caption(self, spoken: SynthesizedSegment, *, start: int, end: int, head: int) -> Caption:
        """The caption and its first word begin at the time of the cue, or later if the cue is late."""
        caption = super()._caption(spoken, start=start, end=end, head=head)
        start_s = min(max(caption.start_s, self._cue.start_s), caption.end_s)
        words = caption.words and (replace(caption.words[0], start_s=start_s), *caption.words[1:])
        return replace(caption, start_s=start_s, words=words)

    def _gap_s(self, _segment: object) -> float:
        return max(0.0, self._cue.start_s - _LEAD_IN_S - self.duration_s)


def _clock(moment_s: float) -> str:
    seconds, ms = divmod(round(1000 * moment_s), 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"
