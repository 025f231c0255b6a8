"""The engine of the service in a process of the benchmark: loaded, with one thread, without the service."""

import io
import os
import wave
from pathlib import Path

import numpy as np

from common.catalogue import find_voice
from worker.engines.hibari.engine import HibariEngine
from worker.engines.protocol import Speech, Utterance

VOICE = "hibari_heart"
SEED = 1


class Speaker:
    def __init__(self) -> None:
        self._engine = HibariEngine(voices_dir=Path("no voice but the bundled one"))
        self._engine.load()
        self._voice = find_voice(VOICE)

    def speak(self, text: str) -> Speech:
        voice = self._voice
        language = voice.languages[0]
        utterance = Utterance(text, voice.engine_voice, "", language, 1.0, None, SEED, seed_given=True)
        return self._engine.speak([utterance])[0]

    def speak_wav(self, text: str) -> bytes:
        """Return a WAV file of 16 bits, as the service does."""

        speech = self.speak(text)
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(speech.sample_rate_hz)
            file.writeframes((np.clip(speech.samples, -1, 1) * 32767).astype("<i2").tobytes())
        return buffer.getvalue()


def announce_engine_process(folder: str) -> None:
    """Leave a file named by the id of this process, because its command line does not say that it has an engine."""
    (Path(folder) / str(os.getpid())).touch()
