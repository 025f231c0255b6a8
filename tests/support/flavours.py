"""Runs code in the environments of the other flavours."""

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
    """Return the interpreter that has the library of a family. Fails if its environment does not exist."""
    python = python_of(_FLAVOUR_OF[family])
    assert python.exists(), f"{python} does not exist: run make setup-test-flavours"
    return str(python)


def build_tiny(root: Path, *families: str) -> None:
    """Build tiny models of the families in one process per environment, since importing torch takes long."""
    for flavour in dict.fromkeys(_FLAVOUR_OF[family] for family in families):
        calls_here = [family for family in families if _FLAVOUR_OF[family] == flavour]
        _run(calls_here[0], "tests.support.tiny_models", str(root), *calls_here)


@dataclass(frozen=True, slots=True)
class Call:
    """A direct call of a family's library."""

    family: str
    voice: str
    seed: int
    text: str
    style: str = ""


def speak_directly(root: Path, calls: Sequence[Call]) -> dict[str, NDArray[np.float32]]:
    """Return the samples of the libraries by family, from processes that do not use the engines."""
    samples: dict[str, NDArray[np.float32]] = {}
    for flavour in dict.fromkeys(_FLAVOUR_OF[call.family] for call in calls):
        calls_here = [asdict(call) for call in calls if _FLAVOUR_OF[call.family] == flavour]
        output = _run(
            calls_here[0]["family"], "tests.support.direct_calls", str(root), json.dumps(calls_here)
        )
        samples |= np.load(io.BytesIO(output))
    return samples


def _run(family: str, module: str, *arguments: str) -> bytes:
    completed = subprocess.run(
        [python_for(family), "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr.decode()[-3000:]
    return completed.stdout
