"""Captions as Advanced SubStation Alpha: one event for each subtitle, one `\\k` tag for each word."""

import re

from hypothesis import given
from hypothesis import strategies as st

from common.recordings.captions import Caption
from common.recordings.karaoke import as_ass
from tests.unit.common.test_captions import HERON, LONG, any_rows, caption, evenly_timed_words

EVENT = re.compile(
    r"Dialogue: 0,(\d+):([0-5]\d):([0-5]\d)\.(\d\d),(\d+):([0-5]\d):([0-5]\d)\.(\d\d),Default,([^,]*),0,0,0,,(.+)"
)
TAG = re.compile(r"\{\\k(\d+)\}")


def events(content: str) -> list[tuple[int, int, str, str]]:
    """Return (start, end, voice, text) of each event, in hundredths of a second. Raises ValueError."""
    head, body = content.split("[Events]\n")
    assert "ScriptType: v4.00+" in head
    form, *lines = body.splitlines()
    assert form.count(",") == 9
    found = [EVENT.fullmatch(line) for line in lines]
    if not all(found):
        raise ValueError(lines)
    return [
        (_hundredths(*one.groups()[:4]), _hundredths(*one.groups()[4:8]), one[9], one[10])
        for one in found
        if one
    ]


def _hundredths(hours: str, minutes: str, seconds: str, rest: str) -> int:
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 100 + int(rest)


def test_each_word_lights_up_when_it_is_spoken() -> None:
    words = evenly_timed_words(HERON, start_s=1.5, each_s=0.333)
    (event,) = events(as_ass([caption(HERON, 1.5, 3.3, words=words)], text=HERON))
    assert event == (
        150, 330, "heart", r"{\k33}Good {\k34}morning, {\k33}said {\k33}the {\k33}heron.",
    )  # fmt: skip


def test_a_pause_belongs_to_the_word_before_it() -> None:
    words = [[0.2, 0.5, 0, 4], [2.0, 2.4, 5, 12]]
    (event,) = events(as_ass([caption(HERON[:12], 0.2, 2.4, words=words)], text=HERON))
    assert event[3] == r"{\k180}Good {\k40}morning"


def test_lines_break_as_in_other_captions() -> None:
    first, *rest = events(as_ass([caption(LONG)], text=LONG))
    assert TAG.sub("", first[3]) == r'Dr. Heron said: "It was the best of times,\Nit was the worst of times,'
    assert len(rest) == 2


def test_text_is_never_read_as_a_command() -> None:
    text = r"a {\b1} bold \N one"
    (event,) = events(as_ass([caption(text)], text=text))
    shown = TAG.sub("", event[3])
    assert "{" not in shown
    assert "}" not in shown
    assert all(after == "\u2060" for after in re.findall(r"\\(.)", shown))


@given(captions=any_rows, text=st.text(max_size=70) | st.text("a. {}\\Nh\n字", max_size=70))
def test_any_stored_captions_give_valid_files(captions: list[Caption], text: str) -> None:
    previous = 0
    for start, end, _, shown in events(as_ass(captions, text=text)):
        assert previous <= start < end
        assert len(TAG.findall(shown)) >= 1
        previous = end
