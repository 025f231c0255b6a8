r"""Captions as Advanced SubStation Alpha, where each word lights up when it is spoken (`\k` tags).

The format: http://www.tcax.org/docs/ass-specs.htm
"""

from collections.abc import Iterator, Sequence

from common.recordings.captions import Caption, timed_subtitles, timeline_of
from common.recordings.subtitles import Subtitle, Timeline, trim_silent

# `WrapStyle: 2` keeps our line breaks. The secondary colour, gray, is that of the words to come.
_HEAD = """\
[Script Info]
ScriptType: v4.00+
WrapStyle: 2
ScaledBorderAndShadow: yes
PlayResX: 1920
PlayResY: 1080

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,64,&H00FFFFFF,&H00A0A0A0,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,3,0,2,60,60,60,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
# Braces enclose tags, so similar characters replace them. An invisible character after a backslash makes it no command.
_ESCAPES = str.maketrans({"{": "｛", "}": "｝", "\\": "\\\u2060"})  # noqa: RUF001


def as_ass(captions: Sequence[Caption], *, text: str, duration_s: float = 0.0) -> str:
    """`duration_s` is the end of the audio, until which the last subtitle may stay."""
    return _HEAD + "".join(_events(captions, text, duration_s))


def _events(captions: Sequence[Caption], text: str, duration_s: float) -> Iterator[str]:
    """All last at least 10 ms, the unit of the format."""
    end_cs = 0
    for subtitle, caption in timed_subtitles(captions, text, duration_s=duration_s):
        start_cs = max(end_cs, round(subtitle.start_ms / 10))
        end_cs = max(start_cs + 1, round(subtitle.end_ms / 10))
        shown = r"\N".join(_lines(subtitle, text, timeline_of(caption), start_cs=start_cs))
        voice = (caption.voice_id or "").replace(",", " ")
        times = f"{_timestamp(start_cs)},{_timestamp(end_cs)}"
        yield f"Dialogue: 0,{times},Default,{voice},0,0,0,,{shown}\n"


def _lines(subtitle: Subtitle, text: str, timeline: Timeline, *, start_cs: int) -> Iterator[str]:
    """Each tag holds until the next word begins, so that rounding does not add up."""
    fragments = [fragment for row in subtitle.rows for fragment in row]
    first_chars = [trim_silent(text, start=one.start, end=one.end)[0] for one in fragments]
    last_char = trim_silent(text, start=fragments[-1].start, end=fragments[-1].end)[1]
    moments = [round(100 * timeline.seconds_at(char)) for char in (*first_chars, last_char)]
    moments = [max(start_cs, moment) for moment in moments]
    moments[0] = start_cs
    numbers = iter(range(len(fragments)))
    for row in subtitle.rows:
        words: list[str] = []
        for fragment, number in zip(row, numbers, strict=False):
            space = " " if words and fragment.space_before else ""
            tag = f"{{\\k{max(0, moments[number + 1] - moments[number])}}}"
            words.append(f"{space}{tag}{fragment.text.translate(_ESCAPES)}")
        yield "".join(words)


def _timestamp(moment_cs: int) -> str:
    seconds, hundredths = divmod(moment_cs, 100)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}.{hundredths:02}"
