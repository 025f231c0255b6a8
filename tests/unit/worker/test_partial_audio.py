"""What one worker hands to the next of a text with several models: whole, in order, and never all of it in memory."""

import io
import tracemalloc
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.catalogue import find_voice
from worker.engines.protocol import Speech, Word
from worker.synthesis.partial_audio import read_partial, write_partial
from worker.synthesis.segment_synthesis import SynthesizedSegment
from worker.synthesis.segmentation import Segment


def segment(
    index: int, *, samples: int = 2400, text: str = "Hello “there”.\n", words: bool = True
) -> SynthesizedSegment:
    sound = np.random.default_rng(index).uniform(-1, 1, samples).astype(np.float32)
    cue = Segment(
        index=index,
        voice_span=2 * index,
        start=100 * index,
        end=100 * index + len(text),
        text=text,
        voice=find_voice(("hibari_heart", "fake_a")[index % 2], allow_fake=True),
        language="pt-br",
        lead_s=(None, 0.0, 0.3)[index % 3],
        sentence_end=index % 2 == 0,
        paragraph_end=index % 3 == 0,
    )
    spoken = (Word(0, 5, 0.1, 0.30000000000000004), Word(6, 13, 0.4, 1 / 3)) if words else ()
    return SynthesizedSegment(cue, Speech(sound, (24_000, 22_050)[index % 2], spoken))


def through_file(*said: SynthesizedSegment) -> list[SynthesizedSegment]:
    out = io.BytesIO()
    assert write_partial(said, out) == len(said)
    out.seek(0)
    return list(read_partial(out))


def assert_same(found: list[SynthesizedSegment], given: list[SynthesizedSegment]) -> None:
    assert [one.segment for one in found] == [one.segment for one in given]
    assert [(one.speech.sample_rate_hz, one.speech.words) for one in found] == [
        (one.speech.sample_rate_hz, one.speech.words) for one in given
    ]
    for one, other in zip(found, given, strict=True):
        assert one.speech.samples.dtype == np.float32
        assert one.speech.samples.tobytes() == other.speech.samples.tobytes()


def test_a_take_comes_back_to_the_bit() -> None:
    said = [segment(index, words=index != 1) for index in range(6)]
    assert_same(through_file(*said), said)


def test_samples_that_look_like_lines_are_no_lines() -> None:
    newlines = np.frombuffer(b"\n" * 400, "<f4").astype(np.float32)
    said = SynthesizedSegment(segment(0).segment, Speech(newlines, 24_000))
    assert_same(through_file(said, segment(1)), [said, segment(1)])


def test_nothing_said_is_a_take_of_nothing() -> None:
    assert through_file() == []


@given(st.text(max_size=40), st.integers(0, 50))
@settings(max_examples=50)
def test_any_text_of_any_length(text: str, samples: int) -> None:
    said = [segment(0, text=text, samples=samples), segment(1, samples=0)]
    assert_same(through_file(*said), said)


def test_a_take_that_was_cut_off_is_no_shorter_take() -> None:
    out = io.BytesIO()
    write_partial([segment(0), segment(1)], out)
    taken = read_partial(io.BytesIO(out.getvalue()[:-1]))
    assert_same([next(taken)], [segment(0)])
    with pytest.raises(ValueError, match="ends in the middle"):
        next(taken)


def test_neither_side_holds_a_book(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Ten minutes, of which a segment is ten seconds: 58 MB of samples."""
    book = tmp_path_factory.mktemp("book") / "take"
    said: Iterator[SynthesizedSegment] = (segment(index, samples=240_000) for index in range(60))
    tracemalloc.start()
    try:
        with book.open("wb") as out:
            write_partial(said, out)
        with book.open("rb") as take:
            lengths = [len(one.speech.samples) for one in read_partial(take)]
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lengths == [240_000] * 60
    assert peak_bytes < 12e6


def test_segments_are_read_as_they_are_asked_for() -> None:
    out = io.BytesIO()
    write_partial([segment(0), segment(1), segment(2)], out)
    out.seek(0)
    assert len(list(islice(read_partial(out), 1))) == 1
    assert out.tell() < len(out.getvalue()) / 2
