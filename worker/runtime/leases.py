"""What this process holds right now, and whether it still does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from common.jobs.lease import Claim


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A claimed part at work. `lost` is set when it was cancelled, deleted or taken over: stop, write nothing."""

    claim: Claim
    lost: threading.Event = field(default_factory=threading.Event)


class Leases:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, Held] = {}

    @contextmanager
    def hold(self, claim: Claim) -> Iterator[Held]:
        held = Held(claim)
        with self._lock:
            self._held[claim.part_id] = held
        try:
            yield held
        finally:
            with self._lock:
                # A part handed back may be here again already, under a newer attempt.
                if self._held.get(claim.part_id) is held:
                    del self._held[claim.part_id]

    def all(self) -> list[Held]:
        with self._lock:
            return list(self._held.values())
