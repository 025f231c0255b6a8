"""All turns of a run, and what follows from them."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bench.throughput.contestant import Turn


@dataclass(frozen=True, slots=True)
class CpuPerText:
    """CPU milliseconds for each text: of the engine's thread, of everything else by role, and of the clients."""

    engine_ms: float
    other_ms: dict[str, float]
    client_ms: float

    @property
    def outside_ms(self) -> float:
        return sum(self.other_ms.values())


@dataclass(slots=True)
class Results:
    """`turns` are those of each contestant by number of clients."""

    turns: dict[str, dict[int, list[Turn]]] = field(default_factory=dict)

    def add(self, name: str, clients: int, turn: Turn) -> None:
        self.turns.setdefault(name, {}).setdefault(clients, []).append(turn)

    @property
    def names(self) -> list[str]:
        return list(self.turns)

    @property
    def levels(self) -> list[int]:
        return sorted({clients for turns in self.turns.values() for clients in turns})

    @property
    def has_rounds(self) -> bool:
        """Return whether each contestant had more than one turn with each number of clients."""
        return all(len(turns) > 1 for levels in self.turns.values() for turns in levels.values())

    def find(self, start: str) -> str | None:
        """Return the contestant whose name starts so, or None."""
        return next((name for name in self.names if name.startswith(start)), None)

    def audio_rate(self, name: str, clients: int) -> float:
        """Return the audio seconds per second, the median of the rounds."""
        return self._median(name, clients, lambda turn: turn.load.audio_s / turn.load.elapsed_s)

    def audio_rates(self, name: str, clients: int) -> list[float]:
        return [turn.load.audio_s / turn.load.elapsed_s for turn in self.turns[name][clients]]

    def char_rate(self, name: str, clients: int) -> float:
        """Return the characters per second, the median of the rounds."""
        return self._median(name, clients, lambda turn: turn.load.chars / turn.load.elapsed_s)

    def audio_s_per_text(self, name: str, clients: int) -> float:
        turns = self.turns[name][clients]
        return sum(turn.load.audio_s for turn in turns) / _count_texts(turns)

    def chars_per_text(self, name: str, clients: int) -> float:
        turns = self.turns[name][clients]
        return sum(turn.load.chars for turn in turns) / _count_texts(turns)

    def engine_ms_per_char(self, name: str, clients: int) -> float:
        return self.cpu_per_text(name, clients).engine_ms / self.chars_per_text(name, clients)

    def cpu_per_text(self, name: str, clients: int) -> CpuPerText:
        turns = self.turns[name][clients]
        ms_per_s = 1000 / _count_texts(turns)
        roles = {role for turn in turns for role in turn.cpu.other_s}
        return CpuPerText(
            sum(turn.cpu.engine_s for turn in turns) * ms_per_s,
            {role: sum(turn.cpu.other_s.get(role, 0.0) for turn in turns) * ms_per_s for role in roles},
            sum(turn.client_s for turn in turns) * ms_per_s,
        )

    def _median(self, name: str, clients: int, value: Callable[[Turn], float]) -> float:
        return statistics.median(value(turn) for turn in self.turns[name][clients])


def _count_texts(turns: Iterable[Turn]) -> int:
    return sum(turn.load.texts for turn in turns)
