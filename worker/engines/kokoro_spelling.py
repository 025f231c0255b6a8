"""Texts as the phonemes that Kokoro was trained on, by espeak-ng in a process beside the worker.

What espeak-ng 1.52 makes of languages that are not written as they are spoken:

- Japanese in kana is read, if without the pitch of the words. Kanji are not: each becomes the English words "Chinese
  letter", and of a word that has one the kana are named one by one. Such a text is refused.
- Mandarin is read without its tones: espeak-ng writes them as digits, for which the model has no sign. It can be
  followed at best.
"""

import json
import re
import subprocess
import sys
import weakref
from collections.abc import Container
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from common.speakable import speakable
from common.telemetry import get_logger
from worker.engines.protocol import EngineError
from worker.text.scripts import foreign_script

log = get_logger(__name__)

_SCRIPT = Path(__file__).with_name("kokoro_espeak.py")
# Three hundred characters take it a tenth of a second, and its start half a second.
_PATIENCE_S = 30.0
_KANJI = re.compile("[\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
# The library knows these marks only as they are written in Latin scripts, and would make no pause.
_MARKS = str.maketrans("、。，！：；？", ",.,!:;?")  # noqa: RUF001
# The Japanese a, for which the model has no sign of its own: the library would leave out every one.
_NEAREST = str.maketrans("ä", "a")


class Speller:
    """One process of espeak-ng, begun again when a text has killed it. `alphabet` are the signs the model knows."""

    def __init__(self, alphabet: Container[str]) -> None:
        self._alphabet = alphabet
        self._process: subprocess.Popen[bytes] | None = None
        self.languages = frozenset(self._begin())

    def phonemes(self, text: str, *, language: str) -> str:
        """`language` is one of `languages`. Raises EngineError for a text of which nothing can be read."""
        if not _readable(text, language=language):
            raise _unspeakable("The voice cannot read this text: give it one in its own language and script.")
        if language == "ja" and _KANJI.search(text):
            raise _unspeakable("Kokoro reads Japanese in kana only: write the kanji as kana, or take another model.")
        said = self._asked(language, text.translate(_MARKS)).translate(_NEAREST)
        known = "".join(sign for sign in said if sign.isspace() or sign in self._alphabet)
        phonemes = " ".join(known.split())
        if not any(map(str.isalpha, phonemes)):
            raise _unspeakable("The voice finds nothing in the text that it can say.")
        return phonemes

    def close(self) -> None:
        if self._process is not None:
            _end(self._process)
            self._process = None

    def _begin(self) -> list[str]:
        # Isolated from the folder it lies in, whose modules are named like others' packages; out of reach of the
        # terminal's Ctrl-C, because its input ends with this process anyway.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        weakref.finalize(self, _end, self._process)
        languages = self._answer()
        if languages is None:
            raise EngineError("engine_failed", "espeak-ng does not start; install the extra `kokoro` again.")
        return list(languages)

    def _asked(self, language: str, text: str) -> str:
        if self._process is None:
            self._begin()
        phonemes = self._answer(language, text)
        if phonemes is None:
            # Without the text, which is the caller's own.
            log.warning("espeak-ng died of a text", language=language, characters=len(text))
            raise _unspeakable("Something in the text cannot be read by this voice; leave out unusual words.")
        return str(phonemes)

    def _answer(self, *question: str) -> Any | None:
        """The next line it says; None, and the process is gone, where there is none in time."""
        process = self._process
        assert process is not None  # noqa: S101 - begun by both callers
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - asked for as pipes
        try:
            if question:
                process.stdin.write(json.dumps(question).encode() + b"\n")
                process.stdin.flush()
            return json.loads(process.stdout.readline()) if wait([process.stdout], _PATIENCE_S) else self.close()
        except (OSError, ValueError):
            return self.close()
