"""kokoro-onnx with a session of onnxruntime that is frugal with memory."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from kokoro_onnx import Kokoro
from numpy.typing import NDArray

from worker.engines.kokoro.voices import Style
from worker.engines.onnx_graph import open_session

_TOKEN_INPUTS = {"tokens", "input_ids"}
_OTHER_INPUTS = {"style", "speed"}
# An export that declares durations speaks with the library's pauses. For others it has none, and shall have none.
_NO_PAUSES = {"sentence_pause": 0.0, "clause_pause": 0.0}

# It listens to a variable of its own (LOG_LEVEL), and would remark on every call.
logging.getLogger("kokoro_onnx").setLevel(logging.ERROR)


def open_model(path: Path, *, threads: int) -> Any:
    """The library, ready to speak from phonemes with styles that it is given.

    Raises ValueError for a graph of something else, and whatever onnxruntime raises.
    """
    session, has_hidden_durations = open_session(path, _options(threads))
    # It looks whether this is there.
    session._model_path = str(path)
    names = {given.name for given in session.get_inputs()}
    if not (names & _TOKEN_INPUTS and names >= _OTHER_INPUTS):
        raise ValueError("a graph without Kokoro's inputs")
    # The library wants an archive of voices, which not every export has: it gets one without any.
    with tempfile.NamedTemporaryFile(suffix=".npz") as empty_archive:
        np.savez(empty_archive)
        empty_archive.flush()
        library = Kokoro.from_session(session, empty_archive.name)
        library.voices.close()
    library.sess = _ShrinkingSession(
        session, has_hidden_durations=has_hidden_durations and not library.has_timings
    )
    library.has_timings |= has_hidden_durations
    return library


def synthesize(
    library: Any, phonemes: str, style: Style, *, speed: float
) -> tuple[NDArray[np.float32], list[tuple[float, float]]]:
    """Samples, and from when to when each phoneme is heard in seconds; nothing of that from an export that hides it."""
    pauses = _NO_PAUSES if library.sess.has_hidden_durations else {}
    samples, _, timings = library.create_timed(phonemes, style, speed=speed, is_phonemes=True, **pauses)
    phoneme_times = [(timing.start, timing.end) for timing in timings]
    return samples, phoneme_times if len(phoneme_times) == len(phonemes) else []


def supports_fractional_speed(library: Any) -> bool:
    """Some exports know whole speeds only."""
    speeds = [given.type for given in library.sess.session.get_inputs() if given.name == "speed"]
    return "int" not in speeds[0]


class _ShrinkingSession:
    """Runs as the library's session does, and gives its arena back after each call.

    Measured with the real int8 weights, one thread, sentences of up to 17 s: as fast as with an arena that is kept,
    holding 160 to 240 MB in place of 610 (1100 at half speed). Without an arena a long sentence takes nearly twice as
    long, and with memory patterns 940 MB are held. `tells`: its last output are durations that it did not declare.
    """

    def __init__(self, session: onnxruntime.InferenceSession, *, has_hidden_durations: bool) -> None:
        self.session = session
        self.has_hidden_durations = has_hidden_durations
        self._options = onnxruntime.RunOptions()
        self._options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def run(self, names: list[str] | None, inputs: dict[str, Any]) -> list[Any]:
        outputs: list[Any] = self.session.run(names, inputs, self._options)
        # Sound and durations, whatever else an export gives.
        return [outputs[0], outputs[-1]] if self.has_hidden_durations else outputs


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = False
    return options
