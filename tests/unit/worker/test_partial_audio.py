"""Partial audio keeps every segment exactly, and neither side holds all of it in memory."""

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


def synthesized(
    index: int, *, samples: int = 2400, text: str = "Hello “there”.\n", words: bool = True
) -> SynthesizedSegment:
    samples_array = np.random.default_rng(index).uniform(-1, 1, samples).astype(np.float32)
    segment = Segment(
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
    timings = (Word(0, 5, 0.1, 0.30000000000000004), Word(6, 13, 0.4, 1 / 3)) if words else ()
    return SynthesizedSegment(segment, Speech(samples_array, (24_000, 22_050)[index % 2], timings))


def write_and_read(*segments: SynthesizedSegment) -> list[SynthesizedSegment]:
    out = io.BytesIO()
    assert write_partial(segments, out) == len(segments)
    out.seek(0)
    return list(read_partial(out))


def assert_equal(actual: list[SynthesizedSegment], expected: list[SynthesizedSegment]) -> None:
    assert [one.segment for one in actual] == [one.segment for one in expected]
    assert [(one.speech.sample_rate_hz, one.speech.words) for one in actual] == [
        (one.speech.sample_rate_hz, one.speech.words) for one in expected
    ]
    for one, other in zip(actual, expected, strict=True):
        assert one.speech.samples.dtype == np.float32
        assert one.speech.samples.tobytes() == other.speech.samples.tobytes()


def test_segments_are_read_back_exactly() -> None:
    segments = [synthesized(index, words=index != 1) for index in range(6)]
    assert_equal(write_and_read(*segments), segments)


def test_samples_may_contain_newline_bytes() -> None:
    newlines = np.frombuffer(b"\n" * 400, "<f4").astype(np.float32)
    first = SynthesizedSegment(synthesized(0).segment, Speech(newlines, 24_000))
    assert_equal(write_and_read(first, synthesized(1)), [first, synthesized(1)])


def test_no_segments_make_an_empty_file() -> None:
    assert write_and_read() == []


@given(st.text(max_size=40), st.integers(0, 50))
@settings(max_examples=50)
def test_any_text_and_any_number_of_samples_are_read_back(text: str, samples: int) -> None:
    segments = [synthesized(0, text=text, samples=samples), synthesized(1, samples=0)]
    assert_equal(write_and_read(*segments), segments)


def test_a_truncated_file_raises_an_error() -> None:
    out = io.BytesIO()
    write_partial([synthesized(0), synthesized(1)], out)
    segments = read_partial(io.BytesIO(out.getvalue()[:-1]))
    assert_equal([next(segments)], [synthesized(0)])
    with pytest.raises(ValueError, match="ends in the middle"):
        next(segments)


def test_neither_side_holds_all_samples_in_memory(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Sixty segments of ten seconds are 58 MB of samples."""
    path = tmp_path_factory.mktemp("partial") / "audio"
    segments: Iterator[SynthesizedSegment] = (synthesized(index, samples=240_000) for index in range(60))
    tracemalloc.start()
    try:
        with path.open("wb") as out:
            write_partial(segments, out)
        with path.open("rb") as partial:
            lengths = [len(one.speech.samples) for one in read_partial(partial)]
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lengths == [240_000] * 60
    assert peak_bytes < 12e6


def test_segments_are_read_lazily() -> None:
    out = io.BytesIO()
    write_partial([synthesized(0), synthesized(1), synthesized(2)], out)
    out.seek(0)
    assert len(list(islice(read_partial(out), 1))) == 1
    assert out.tell() < len(out.getvalue()) / 2
