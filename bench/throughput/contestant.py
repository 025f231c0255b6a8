"""What is compared: each contestant speaks texts for some seconds and says how many, and with how much CPU time."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from bench.processes import CpuUse, ProcessTimes, cpu_use
from bench.throughput.load import Load, OpenClient, run_clients
from bench.throughput.texts import new_sentences

WARM_UP_CLIENTS = 8
WARM_UP_S = 3.0


@dataclass(frozen=True, slots=True)
class Turn:
    """`client_s` is the CPU time of the clients."""

    load: Load
    cpu: CpuUse
    client_s: float


class Contestant(Protocol):
    @property
    def name(self) -> str: ...

    def run(self, seed: str, *, clients: int, seconds: float) -> Turn:
        """Speak the texts of `new_sentences(seed)` for `seconds`."""


@dataclass(frozen=True, slots=True)
class ServerContestant:
    """A server with clients. `texts_of` names a route, so that two routes of one server never get the same text."""

    name: str
    open_client: OpenClient
    read_times: Callable[[], dict[int, ProcessTimes]]
    texts_of: str = ""

    def run(self, seed: str, *, clients: int, seconds: float) -> Turn:
        before, client_before_s = self.read_times(), time.process_time()
        load = run_clients(self.open_client, self._texts(seed), clients=clients, seconds=seconds)
        client_s = time.process_time() - client_before_s
        return Turn(load, cpu_use(before, self.read_times()), client_s)

    def warm_up(self) -> None:
        texts = self._texts(f"warm-up {time.time_ns()}")
        run_clients(self.open_client, texts, clients=WARM_UP_CLIENTS, seconds=WARM_UP_S)

    def _texts(self, seed: str) -> Iterator[str]:
        return new_sentences(f"{seed} {self.texts_of}")
