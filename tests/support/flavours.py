"""The environments of the other flavours, which tests of whole services need beside their own."""

import io
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cli.crews import FLAVOURS, python_of

ROOT = Path(__file__).parents[2]
_FLAVOUR_OF = {family: flavour for flavour, families in FLAVOURS.items() for family in families}


def python_for(family: str) -> str:
    """The interpreter that has the library of a family. Fails where its environment is not set up."""
    python = python_of(_FLAVOUR_OF[family])
    assert python.exists(), f"{python} is not there: make setup-test-flavours builds it"
    return str(python)


def build_tiny(root: Path, *families: str) -> None:
    """In one process for each environment: what takes time there is to import torch."""
    for flavour in dict.fromkeys(_FLAVOUR_OF[family] for family in families):
        here = [family for family in families if _FLAVOUR_OF[family] == flavour]
        _run(here[0], "tests.support.tiny_models", str(root), *here)


def direct(
    root: Path, family: str, *, voice: str, seed: int, text: str, style: str = ""
) -> NDArray[np.float32]:
    """What the library itself makes of it, in a process without our code around it."""
    said = _run(family, "tests.support.direct_calls", str(root), family, voice, str(seed), text, style)
    samples: NDArray[np.float32] = np.load(io.BytesIO(said))
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
