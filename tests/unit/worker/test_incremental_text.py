"""A text that comes in pieces: what is given out when, by which voice, and where it stands in the whole."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.jobs.options import Options
from common.messaging.text_stream import Kind, Piece
from tests.support.claimed_parts import claimed_part
from worker.engines.protocol import EngineError
from worker.synthesis.callbacks import SynthesisStopped
from worker.synthesis.incremental_text import IncrementalText
from worker.synthesis.segmentation import Segment
from worker.text.splitting import split_text

FLUSH, END = Piece("flush"), Piece("end")
LONG = "This is a sentence of some length. "


class Talk:
    """A dictation whose pieces are handed over one look at a time; `heard` is what was given out after each."""

    def __init__(self, *pieces: Piece | str, voice_id: str = "hibari_heart", max_chars: int = 300) -> None:
        self._pieces = [piece if isinstance(piece, Piece) else Piece("more", piece) for piece in pieces]
        self._at = 0
        claim = claimed_part("", voice_id=voice_id, options=Options(live_text=True))
        self.dictation = IncrementalText(
            claim, max_chars=max_chars, read_text=self._listen, check=lambda: None
        )
        self.heard: list[list[Segment]] = [[]]

    def _listen(self, after: str, _within_s: float) -> list[tuple[str, Piece]]:
        assert after == f"{self._at}-0" if self._at else "0-0"
        if self._at == len(self._pieces):
            raise SynthesisStopped
        self._at += 1
        self.heard.append([])
        return [(f"{self._at}-0", self._pieces[self._at - 1])]

    def hear(self) -> "Talk":
        try:
            for cue in self.dictation.segments():
                self.heard[-1].append(cue)
        except SynthesisStopped:
            pass
        return self

    @property
    def segments(self) -> list[Segment]:
        return [cue for some in self.heard for cue in some]

    @property
    def texts(self) -> list[list[str]]:
        """After each piece."""
        return [[cue.text for cue in some] for some in self.heard[1:]]

    @property
    def spoken(self) -> list[tuple[str, str, float | None]]:
        return [(cue.text, cue.voice.id, cue.lead_s) for cue in self.segments]


def talk(*pieces: Piece | str, **changes: Any) -> Talk:
    return Talk(*pieces, **changes).hear()


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """The first cut of a process loads its rules, and a slow look is followed by a pause."""
    split_text(LONG, language="en", max_chars=100)


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["!?", "[pause:1ms]", "[[", "[voice:hibari_heart]"])
def test_what_is_never_ripe_takes_no_more_than_its_share(piece: str) -> None:
    began = time.thread_time()
    talk(*[piece] * 2000)
    assert time.thread_time() - began < 5


def test_all_pauses_together_are_bounded() -> None:
    with pytest.raises(EngineError, match="hour"):
        talk(*[f"{'[pause:60s]' * 30} A whole sentence is here. "] * 3, END)


def test_a_sentence_is_given_out_as_soon_as_it_is_whole() -> None:
    pieces = ("The first sentence is", " here.", " ", "The second sentence too!", " A", END)
    assert talk(*pieces).texts == [
        *([], [], ["The first sentence is here."]),
        *([], ["The second sentence too!"], ["A"]),
    ]


@pytest.mark.parametrize("text", ["I was taken to the house of Dr. ", "There were apples, pears etc. "])
def test_a_point_that_may_be_of_an_abbreviation_is_no_end_yet(text: str) -> None:
    assert talk(text, "and so on", END).texts == [[], [], [f"{text}and so on"]]


def test_a_flush_asks_for_what_there_is_and_only_once() -> None:
    assert talk("Not a whole", FLUSH, FLUSH, " sentence", FLUSH, END).texts == [
        *([], ["Not a whole"], [], []),
        *(["sentence"], []),
    ]


def test_a_sentence_that_is_too_long_does_not_wait_for_its_end() -> None:
    words = "again and " * 20
    found = talk(words, max_chars=60)
    assert found.texts[0]
    assert all(len(text) <= 60 for text in found.texts[0])


def test_what_comes_in_one_look_is_heard_in_its_order() -> None:
    pieces = [("1-0", Piece("more", "One")), ("2-0", FLUSH), ("3-0", Piece("more", "Two")), ("4-0", END)]
    claim = claimed_part("", options=Options(live_text=True))
    dictation = IncrementalText(claim, max_chars=300, read_text=lambda *_: pieces, check=lambda: None)
    assert [cue.text for cue in dictation.segments()] == ["One", "Two"]
    assert dictation.text == "OneTwo"


@pytest.mark.parametrize("cut_at", range(1, len("[voice:hibari_emma]")))
def test_a_tag_in_two_pieces_is_a_tag(cut_at: int) -> None:
    tag = "[voice:hibari_emma]"
    found = talk(LONG + tag[:cut_at], f"{tag[cut_at:]}Another voice says this.", END)
    assert found.spoken == [
        (LONG.strip(), "hibari_heart", None),
        ("Another voice says this.", "hibari_emma", None),
    ]


@pytest.mark.parametrize("cut_at", [*range(1, len("[pause:1.5s]"))])
def test_a_pause_in_two_pieces_beside_a_flush(cut_at: int) -> None:
    tag = "[pause:1.5s]"
    found = talk(f"One.{tag[:cut_at]}", FLUSH, f"{tag[cut_at:]}Two.", END)
    assert found.spoken == [("One.", "hibari_heart", None), ("Two.", "hibari_heart", 1.5)]


def test_a_bracket_that_is_no_tag_holds_nothing_up() -> None:
    found = talk("See [the first note of all. It is long. And", " so on.", END)
    assert found.texts[0] == ["See [the first note of all."]
    assert "".join(cue.text for cue in found.segments).count("[") == 1


def test_a_tag_that_never_ends_is_spoken_at_the_end() -> None:
    assert [text for text, _, _ in talk("One.", FLUSH, "[voice:hibari", END).spoken] == [
        "One.",
        "[voice:hibari",
    ]


def test_a_tag_ends_what_stands_before_it() -> None:
    found = talk("A whole sentence. [pause:1s]", "[voice:hibari_emma]", END)
    assert found.texts == [["A whole sentence."], [], []]
    assert found.dictation.tail_s == 1.0


def test_a_voice_speaks_on_through_pieces_until_default() -> None:
    pieces = ("[voice:hibari_emma]" + LONG, LONG, FLUSH, LONG, FLUSH, "[voice:default]", FLUSH, LONG, END)
    assert [voice for _, voice, _ in talk(*pieces).spoken] == [*["hibari_emma"] * 3, "hibari_heart"]


def test_tags_before_a_flush_hold_for_what_follows_it() -> None:
    found = talk("One.[voice:hibari_emma][pause:2s]", FLUSH, "[pause:1s]Two. ", FLUSH, "Three.", END)
    assert found.spoken == [
        ("One.", "hibari_heart", None),
        ("Two.", "hibari_emma", 3.0),
        ("Three.", "hibari_emma", None),
    ]


def test_a_pause_is_asked_for_once() -> None:
    found = talk("[pause:1s]" + LONG, LONG, LONG, END)
    assert [lead_s for _, _, lead_s in found.spoken] == [1.0, None, None]


def test_the_pause_at_the_end_is_the_tail() -> None:
    assert talk("One. [pause:1s][voice:hibari_emma][pause:2s]", END).dictation.tail_s == 3.0
    assert talk("One.", END).dictation.tail_s == 0.0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[voice:fake]Hello.", "voice_of_another_model"),
        ("[voice:nobody_at_all]Hello.", "voice_not_found"),
        ("[pause:long]Hello.", "invalid_tag"),
        ("[voice:]Hello.", "invalid_tag"),
    ],
)
def test_a_tag_that_cannot_be_followed_fails_the_text(text: str, code: str) -> None:
    found = Talk(LONG, FLUSH, text, FLUSH, END)
    with pytest.raises(EngineError) as raised:
        found.hear()
    assert (raised.value.code, raised.value.caller_fault) == (code, True)
    assert [cue.text for cue in found.segments] == [LONG.strip()], "what came before it was spoken"


def test_looking_stops_it_also_while_nothing_comes() -> None:
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 3:
            raise SynthesisStopped

    dictation = IncrementalText(claimed_part(""), max_chars=300, read_text=lambda *_: [], check=look)
    with pytest.raises(SynthesisStopped):
        next(dictation.segments())


def test_indices_count_and_the_language_is_the_voices() -> None:
    found = talk(LONG * 3, "[voice:hibari_emma]" + LONG * 2, END)
    assert [cue.index for cue in found.segments] == list(range(len(found.segments)))
    assert {(cue.voice.id, cue.language) for cue in found.segments} == {
        (voice.id, voice.languages[0]) for voice in (cue.voice for cue in found.segments)
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
def test_however_it_comes_every_word_is_spoken_once(text: str, data: st.DataObject) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    kinds: Callable[[], Kind] = lambda: data.draw(st.sampled_from(["more", "more", "flush"]))  # noqa: E731
    pieces = [
        Piece(kinds(), text[start:end]) for start, end in zip([0, *places], [*places, len(text)], strict=True)
    ]
    found = talk(*pieces, END)
    assert found.dictation.text == text
    ends = [0, *(cue.end for cue in found.segments)]
    assert all(before <= cue.start < cue.end for before, cue in zip(ends, found.segments, strict=False))
    # Marks that are said by nobody may be left out, and white space within a segment is told as a space.
    assert all(len(cue.text) == cue.end - cue.start for cue in found.segments)
    said = "".join(text[cue.start : cue.end] for cue in found.segments)
    whole = "".join(part.partition("]")[2] if ":" in part else part for part in text.split("["))
    assert _letters(said) == _letters(whole)


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))
