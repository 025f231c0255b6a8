"""Phonemes by espeak-ng, in a process of its own: there are words on which it dies, and it would take the worker along.

A script that `phonemization.py` runs with a folder of its own. Its first line lists the languages that it knows;
after that it answers each line `[language, text]` with the phonemes, JSON all of it. It ends with its input.
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
    # phonemizer copies espeak-ng there for each language. Who began this may be gone when it ends.
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


# phonemizer itself keeps eight, and of those that it lets go it frees nothing.
@cache
def _backend(language: str) -> Any:
    """As kokoro-onnx has it, but without the marks where a word is read as in another language: they'd be spoken."""
    return EspeakBackend(
        language, preserve_punctuation=True, with_stress=True, language_switch="remove-flags"
    )


def _write_answer(answer: object) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
