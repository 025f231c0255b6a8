"""Run code in the environments of the other worker flavours, .venv-torch and .venv-parler."""

import io
import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cli.service.worker_groups import FLAVOURS, python_of

ROOT = Path(__file__).parents[2]
_FLAVOUR_OF = {family: flavour for flavour, families in FLAVOURS.items() for family in families}


def python_for(family: str) -> str:
    """Return the interpreter that has the library of a family. Fails if its environment is not installed."""
    python = python_of(_FLAVOUR_OF[family])
    assert python.exists(), f"{python} does not exist. Install it with `make setup-test-flavours`."
    return str(python)


def build_tiny(root: Path, *families: str) -> None:
    """Build tiny models, in one process per environment, because importing torch takes most of the time."""
    for flavour in dict.fromkeys(_FLAVOUR_OF[family] for family in families):
        of_flavour = [family for family in families if _FLAVOUR_OF[family] == flavour]
        _run(of_flavour[0], "tests.support.tiny_models", str(root), *of_flavour)


@dataclass(frozen=True, slots=True)
class LibraryCall:
    """One text for the library of a family to speak."""

    family: str
    voice: str
    seed: int
    text: str
    style: str = ""


def call_libraries(root: Path, calls: Sequence[LibraryCall]) -> dict[str, NDArray[np.float32]]:
    """Return the samples that the libraries generate without our code around them, by family."""
    samples: dict[str, NDArray[np.float32]] = {}
    for flavour in dict.fromkeys(_FLAVOUR_OF[call.family] for call in calls):
        of_flavour = [asdict(call) for call in calls if _FLAVOUR_OF[call.family] == flavour]
        npz = _run(of_flavour[0]["family"], "tests.support.direct_calls", str(root), json.dumps(of_flavour))
        samples |= np.load(io.BytesIO(npz))
    return samples


def _run(family: str, module: str, *arguments: str) -> bytes:
    done = subprocess.run(
        [python_for(family), "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return done.stdout
