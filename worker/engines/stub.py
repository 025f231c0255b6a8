"""An engine that beeps instead of speaking, for machines without any other engine."""

from collections.abc import Hashable, Sequence

from worker.engines.protocol import ANY_VOICE, Speech, Utterance
from worker.engines.samples import make_tone

_SAMPLE_RATE_HZ = 24_000
_FREQUENCY_HZ = 440.0


class StubEngine:
    alias: str = "stub"
    max_batch: int = 1
    max_chars: int = 1000
    native_speed: tuple[float, float] | None = None
    takes_phonemes: bool = False
    timeout_factor: float = 1.0
    pinned: bool = True

    def load(self) -> None:
        """Do nothing."""

    def voices(self) -> tuple[str, ...]:
        return (ANY_VOICE,)

    def speak(self, batch: Sequence[Utterance]) -> list[Speech]:
        """Return beeps of 0.2 to 1 s, longer for longer texts."""
        return [
            make_tone(
                _FREQUENCY_HZ, duration_s=min(1.0, 0.2 + 0.004 * len(u.text)), sample_rate_hz=_SAMPLE_RATE_HZ
            )
            for u in batch
        ]

    def memory_bytes(self) -> int:
        return 0

    def batch_key(self, utterance: Utterance) -> Hashable:
        return utterance.voice

    def close(self) -> None:
        """Do nothing."""
