"""Opens kokoro-onnx with an onnxruntime session that uses little memory."""

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
# The library adds pauses if an export declares durations. Hidden durations must not change the sound, so with them
# the pauses are zero.
_NO_PAUSES = {"sentence_pause": 0.0, "clause_pause": 0.0}

# The library sets its level from the variable LOG_LEVEL and would log every call.
logging.getLogger("kokoro_onnx").setLevel(logging.ERROR)


def open_model(path: Path, *, threads: int) -> Any:
    """Return a `kokoro_onnx.Kokoro` that speaks phonemes with a given style.

    Raises ValueError if the graph is not Kokoro's, and whatever onnxruntime raises.
    """
    session, has_hidden_durations = open_session(path, _options(threads))
    # The library reads this attribute.
    session._model_path = str(path)
    names = {model_input.name for model_input in session.get_inputs()}
    if not (names & _TOKEN_INPUTS and names >= _OTHER_INPUTS):
        raise ValueError("the graph does not have the inputs of Kokoro")
    # The library requires an archive of voices, which not every export has. Give it an empty one.
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
    """Return (samples, times): mono samples, and (start, end) of each phoneme in seconds.

    The times are empty if the graph has no durations.
    """
    pauses = _NO_PAUSES if library.sess.has_hidden_durations else {}
    samples, _, timings = library.create_timed(phonemes, style, speed=speed, is_phonemes=True, **pauses)
    phoneme_times = [(timing.start, timing.end) for timing in timings]
    return samples, phoneme_times if len(phoneme_times) == len(phonemes) else []


def supports_fractional_speed(library: Any) -> bool:
    """Return whether the graph takes any speed. Some exports take integers only."""
    speeds = [
        model_input.type for model_input in library.sess.session.get_inputs() if model_input.name == "speed"
    ]
    return "int" not in speeds[0]


class _ShrinkingSession:
    """A session that shrinks its memory arena after each call.

    Measured with the int8 weights, one thread and sentences of up to 17 s: as fast as a session that keeps its arena,
    with 160 to 240 MB instead of 610 MB (1100 MB at half speed). Without an arena a long sentence takes nearly twice
    as long. With memory patterns the session holds 940 MB.

    `has_hidden_durations`: the last output is durations that the graph does not declare.
    """

    def __init__(self, session: onnxruntime.InferenceSession, *, has_hidden_durations: bool) -> None:
        self.session = session
        self.has_hidden_durations = has_hidden_durations
        self._options = onnxruntime.RunOptions()
        self._options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")

    def run(self, names: list[str] | None, inputs: dict[str, Any]) -> list[Any]:
        outputs: list[Any] = self.session.run(names, inputs, self._options)
        # Some exports have further outputs between the sound and the durations.
        return [outputs[0], outputs[-1]] if self.has_hidden_durations else outputs


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = False
    return options
