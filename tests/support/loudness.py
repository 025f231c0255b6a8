"""Measures loudness and true peak with FFmpeg's filter ebur128 (ITU-R BS.1770)."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import av
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext
from numpy.typing import NDArray

_BLOCK = 4096
_KEYS = ("lavfi.r128.I", "lavfi.r128.true_peak")


@dataclass(frozen=True, slots=True)
class Loudness:
    integrated_lufs: float
    true_peak_dbtp: float


def loudness(samples: NDArray[np.float32], *, sample_rate_hz: int) -> Loudness:
    """Measure mono sound of at least 0.4 s, the length of a measurement block in the standard."""
    graph = Graph()
    source = graph.add_abuffer(sample_rate=sample_rate_hz, format="flt", layout="mono")
    meter = graph.add("ebur128", "metadata=1:peak=true")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    found: dict[str, str] = {}
    for frame in _frames(samples, sample_rate_hz):
        source.push(frame)
        found |= _measured(sink)
    integrated, peak = (float(found[key]) for key in _KEYS)
    return Loudness(integrated, float(20 * np.log10(max(peak, 1e-9))))


def _frames(samples: NDArray[np.float32], sample_rate_hz: int) -> Iterator[av.AudioFrame | None]:
    for start in range(0, len(samples), _BLOCK):
        block = np.ascontiguousarray(samples[None, start : start + _BLOCK])
        frame = av.AudioFrame.from_ndarray(block, format="flt", layout="mono")
        frame.sample_rate, frame.pts = sample_rate_hz, start
        yield frame
    yield None  # the end


def _measured(sink: FilterContext) -> dict[str, str]:
    """Return the latest values of the filter, which are in the metadata of each frame."""
    found: dict[str, str] = {}
    with suppress(av.BlockingIOError, av.EOFError):
        while True:
            found = dict(sink.pull().metadata)
    return found
