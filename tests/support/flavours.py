"""The environments of the other flavours, which tests of whole services need beside their own."""

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
    """The interpreter that has the library of a family. Fails where its environment is not set up."""
    python = python_of(_FLAVOUR_OF[family])
    assert python.exists(), f"{python} is not there: make setup-test-flavours builds it"
    return str(python)


def build_tiny(root: Path, *families: str) -> None:
    """In one process for each environment: what takes time there is to import torch."""
    for flavour in dict.fromkeys(_FLAVOUR_OF[family] for family in families):
        here = [family for family in families if _FLAVOUR_OF[family] == flavour]
        _run(here[0], "tests.support.tiny_models", str(root), *here)


@dataclass(frozen=True, slots=True)
class Call:
    """Of a library itself."""

    family: str
    voice: str
    seed: int
    text: str
    style: str = ""


def direct(root: Path, calls: Sequence[Call]) -> dict[str, NDArray[np.float32]]:
    """What the libraries themselves make of it, by family, in processes without our code around them."""
    made: dict[str, NDArray[np.float32]] = {}
    for flavour in dict.fromkeys(_FLAVOUR_OF[call.family] for call in calls):
        here = [asdict(call) for call in calls if _FLAVOUR_OF[call.family] == flavour]
        said = _run(here[0]["family"], "tests.support.direct_calls", str(root), json.dumps(here))
        made |= np.load(io.BytesIO(said))
    return made


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
