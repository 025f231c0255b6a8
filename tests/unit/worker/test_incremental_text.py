"""Segmentation of a text that arrives in pieces: when each segment is ready, its voice and its span."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.jobs.options import Options
from common.messaging.text_stream import Kind, TextUpdate
from tests.support.claimed_parts import claimed_part
from worker.engines.protocol import EngineError
from worker.synthesis.callbacks import SynthesisStopped
from worker.synthesis.incremental_text import IncrementalText
from worker.synthesis.segmentation import Segment
from worker.text.splitting import split_text

FLUSH, END = TextUpdate("flush"), TextUpdate("end")
LONG = "This is a sentence of some length. "


class UpdateReader:
    """Feeds updates to an IncrementalText one at a time. `batches` are the segments that were ready after each."""

    def __init__(
        self, *updates: TextUpdate | str, voice_id: str = "hibari_heart", max_chars: int = 300
    ) -> None:
        self._updates = [
            update if isinstance(update, TextUpdate) else TextUpdate("more", update) for update in updates
        ]
        self._position = 0
        part = claimed_part("", voice_id=voice_id, options=Options(live_text=True))
        self.incremental_text = IncrementalText(
            part, max_chars=max_chars, read_text=self._read, check=lambda: None
        )
        self.batches: list[list[Segment]] = [[]]

    def _read(self, after: str, _within_s: float) -> list[tuple[str, TextUpdate]]:
        assert after == f"{self._position}-0" if self._position else "0-0"
        if self._position == len(self._updates):
            raise SynthesisStopped
        self._position += 1
        self.batches.append([])
        return [(f"{self._position}-0", self._updates[self._position - 1])]

    def run(self) -> "UpdateReader":
        try:
            for segment in self.incremental_text.segments():
                self.batches[-1].append(segment)
        except SynthesisStopped:
            pass
        return self

    @property
    def segments(self) -> list[Segment]:
        return [segment for batch in self.batches for segment in batch]

    @property
    def texts(self) -> list[list[str]]:
        """The texts of the segments that were ready after each update."""
        return [[segment.text for segment in batch] for batch in self.batches[1:]]

    @property
    def spoken(self) -> list[tuple[str, str, float | None]]:
        return [(segment.text, segment.voice.id, segment.lead_s) for segment in self.segments]


def read(*updates: TextUpdate | str, **changes: Any) -> UpdateReader:
    return UpdateReader(*updates, **changes).run()


@pytest.fixture(scope="module", autouse=True)
def _warm_up() -> None:
    """The first split of a process loads the sentence rules, and a slow split delays the next one."""
    split_text(LONG, language="en", max_chars=100)


@pytest.mark.slow
@pytest.mark.parametrize("update", ["!?", "[pause:1ms]", "[[", "[voice:hibari_heart]"])
def test_a_text_that_is_never_complete_costs_little_time(update: str) -> None:
    began = time.thread_time()
    read(*[update] * 2000)
    assert time.thread_time() - began < 5


def test_the_sum_of_all_pauses_is_bounded() -> None:
    with pytest.raises(EngineError, match="hour"):
        read(*[f"{'[pause:60s]' * 30} A whole sentence is here. "] * 3, END)


def test_a_sentence_is_ready_as_soon_as_it_is_complete() -> None:
    updates = ("The first sentence is", " here.", " ", "The second sentence too!", " A", END)
    assert read(*updates).texts == [
        *([], [], ["The first sentence is here."]),
        *([], ["The second sentence too!"], ["A"]),
    ]


@pytest.mark.parametrize("text", ["I was taken to the house of Dr. ", "There were apples, pears etc. "])
def test_a_period_that_may_end_an_abbreviation_does_not_end_the_sentence(text: str) -> None:
    assert read(text, "and so on", END).texts == [[], [], [f"{text}and so on"]]


def test_a_line_is_ready_when_the_next_one_shows_how_it_ends() -> None:
    found = read("The history of a town\n", "It begins here.", END)
    assert found.texts[:2] == [[], ["The history of a town."]]
    found = read("Nobody in the whole village remembered who built the\n", "light-\n", "house. It stood", END)
    assert found.texts[:3] == [
        *([], []),
        ["Nobody in the whole village remembered who built the lighthouse."],
    ]
    assert [found.incremental_text.text[one.start : one.end] for one in found.segments][1:] == ["It stood"]


def test_a_flush_speaks_the_pending_text_once() -> None:
    assert read("Not a whole", FLUSH, FLUSH, " sentence", FLUSH, END).texts == [
        *([], ["Not a whole"], [], []),
        *(["sentence"], []),
    ]


def test_a_sentence_that_is_too_long_is_split_before_its_end() -> None:
    words = "again and " * 20
    found = read(words, max_chars=60)
    assert found.texts[0]
    assert all(len(text) <= 60 for text in found.texts[0])


def test_pieces_of_one_read_keep_their_order() -> None:
    updates = [
        ("1-0", TextUpdate("more", "One")),
        ("2-0", FLUSH),
        ("3-0", TextUpdate("more", "Two")),
        ("4-0", END),
    ]
    part = claimed_part("", options=Options(live_text=True))
    text = IncrementalText(part, max_chars=300, read_text=lambda *_: updates, check=lambda: None)
    assert [segment.text for segment in text.segments()] == ["One", "Two"]
    assert text.text == "OneTwo"


@pytest.mark.parametrize("cut_at", range(1, len("[voice:hibari_emma]")))
def test_a_tag_split_across_two_pieces_is_a_tag(cut_at: int) -> None:
    tag = "[voice:hibari_emma]"
    found = read(LONG + tag[:cut_at], f"{tag[cut_at:]}Another voice says this.", END)
    assert found.spoken == [
        (LONG.strip(), "hibari_heart", None),
        ("Another voice says this.", "hibari_emma", None),
    ]


@pytest.mark.parametrize("cut_at", [*range(1, len("[pause:1.5s]"))])
def test_a_pause_tag_may_be_split_by_a_flush(cut_at: int) -> None:
    tag = "[pause:1.5s]"
    found = read(f"One.{tag[:cut_at]}", FLUSH, f"{tag[cut_at:]}Two.", END)
    assert found.spoken == [("One.", "hibari_heart", None), ("Two.", "hibari_heart", 1.5)]


def test_a_bracket_that_is_not_a_tag_delays_nothing() -> None:
    found = read("See [the first note of all. It is long. And", " so on.", END)
    assert found.texts[0] == ["See [the first note of all."]
    assert "".join(segment.text for segment in found.segments).count("[") == 1


def test_an_unfinished_tag_is_spoken_at_the_end() -> None:
    assert [text for text, _, _ in read("One.", FLUSH, "[voice:hibari", END).spoken] == [
        "One.",
        "[voice:hibari",
    ]


def test_a_tag_completes_the_text_before_it() -> None:
    found = read("A whole sentence. [pause:1s]", "[voice:hibari_emma]", END)
    assert found.texts == [["A whole sentence."], [], []]
    assert found.incremental_text.tail_s == 1.0


def test_a_voice_stays_across_pieces_until_default() -> None:
    updates = ("[voice:hibari_emma]" + LONG, LONG, FLUSH, LONG, FLUSH, "[voice:default]", FLUSH, LONG, END)
    assert [voice for _, voice, _ in read(*updates).spoken] == [*["hibari_emma"] * 3, "hibari_heart"]


def test_tags_before_a_flush_apply_to_the_text_after_it() -> None:
    found = read("One.[voice:hibari_emma][pause:2s]", FLUSH, "[pause:1s]Two. ", FLUSH, "Three.", END)
    assert found.spoken == [
        ("One.", "hibari_heart", None),
        ("Two.", "hibari_emma", 3.0),
        ("Three.", "hibari_emma", None),
    ]


def test_a_pause_applies_to_one_segment() -> None:
    found = read("[pause:1s]" + LONG, LONG, LONG, END)
    assert [lead_s for _, _, lead_s in found.spoken] == [1.0, None, None]


def test_pauses_at_the_end_are_the_tail() -> None:
    assert read("One. [pause:1s][voice:hibari_emma][pause:2s]", END).incremental_text.tail_s == 3.0
    assert read("One.", END).incremental_text.tail_s == 0.0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[voice:fake]Hello.", "voice_of_another_model"),
        ("[voice:nobody_at_all]Hello.", "voice_not_found"),
        ("[pause:61s]Hello.", "invalid_tag"),
    ],
)
def test_an_invalid_tag_fails_the_text(text: str, code: str) -> None:
    found = UpdateReader(LONG, FLUSH, text, FLUSH, END)
    with pytest.raises(EngineError) as raised:
        found.run()
    assert (raised.value.code, raised.value.caller_fault) == (code, True)
    assert [segment.text for segment in found.segments] == [LONG.strip()], "the text before it was spoken"


def test_check_stops_the_wait_for_pieces() -> None:
    checks: list[int] = []

    def check() -> None:
        checks.append(1)
        if len(checks) == 3:
            raise SynthesisStopped

    text = IncrementalText(claimed_part(""), max_chars=300, read_text=lambda *_: [], check=check)
    with pytest.raises(SynthesisStopped):
        next(text.segments())


def test_segments_are_numbered_and_have_the_language_of_their_voice() -> None:
    found = read(LONG * 3, "[voice:hibari_emma]" + LONG * 2, END)
    assert [segment.index for segment in found.segments] == list(range(len(found.segments)))
    assert {(segment.voice.id, segment.language) for segment in found.segments} == {
        (voice.id, voice.languages[0]) for voice in (segment.voice for segment in found.segments)
    }


_WORDS = st.sampled_from(
    [
        "Hello there. ",
        "one ",
        "two, ",
        "[pause:1s]",
        "[voice:hibari_emma]",
        "[voice:default]",
        "… ",
        "\n\n",
        "[x] ",
    ]
)


@given(st.lists(_WORDS, max_size=20).map("".join), st.data())
def test_every_word_is_spoken_once_however_the_text_arrives(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    draw_kind: Callable[[], Kind] = lambda: data.draw(st.sampled_from(["more", "more", "flush"]))  # noqa: E731
    updates = [
        TextUpdate(draw_kind(), text[start:end])
        for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)
    ]
    found = read(*updates, END)
    assert found.incremental_text.text == text
    ends = [0, *(segment.end for segment in found.segments)]
    assert all(
        before <= segment.start < segment.end for before, segment in zip(ends, found.segments, strict=False)
    )
    # Marks that nobody pronounces may be left out. White space within a segment becomes a space.
    assert all(len(segment.text) == segment.end - segment.start for segment in found.segments)
    spoken = "".join(text[segment.start : segment.end] for segment in found.segments)
    expected = "".join(part.partition("]")[2] if ":" in part else part for part in text.split("["))
    assert _letters(spoken) == _letters(expected)


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))
