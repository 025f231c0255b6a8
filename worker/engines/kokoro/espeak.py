"""A script that phonemizes with espeak-ng. It is a separate process because espeak-ng crashes on some words.

`phonemization.py` runs it with a temporary folder. All lines are JSON. The first line of output lists the languages
that espeak-ng knows. After that, each input line `[language, text]` gets one line with the phonemes. The script ends at
the end of its input.
"""

import atexit
import json
import shutil
import sys
import tempfile
from functools import cache
from typing import Any

import espeakng_loader
from phonemizer.backend import EspeakBackend
from phonemizer.backend.espeak.wrapper import EspeakWrapper


def main(folder: str) -> None:
    # phonemizer copies espeak-ng there once per language. The script removes the folder itself, because its parent
    # process may already be dead.
    tempfile.tempdir = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    _write_answer(sorted(EspeakBackend.supported_languages()))
    for line in sys.stdin:
        language, text = json.loads(line)
        _write_answer(_phonemize(text, language=language))


def _phonemize(text: str, *, language: str) -> str:
    lines = [line for line in text.split("\n") if line.strip()]
    return "\n".join(_backend(language).phonemize(lines)) if lines else ""


# phonemizer's own cache holds eight backends, and it does not free the memory of those that it drops.
@cache
def _backend(language: str) -> Any:
    """Return the backend of kokoro-onnx, but without language-switch flags, which the model would speak."""
    return EspeakBackend(
        language, preserve_punctuation=True, with_stress=True, language_switch="remove-flags"
    )


def _write_answer(answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
