"""How far all files together are."""

from collections.abc import Callable


class Tally:
    """What is there and was checked counts as done, so that what is resumed begins where it stopped."""

    def __init__(self, on_bytes: Callable[[int, int], None], *, total_bytes: int = 0) -> None:
        self._on_bytes = on_bytes
        self._total_bytes = total_bytes
        self._settled_bytes = 0
        self._current_bytes = 0

    def expect(self, total_bytes: int) -> None:
        self._total_bytes = total_bytes
        self.beat()

    def at(self, size_bytes: int) -> None:
        """Of the file at hand."""
        self._current_bytes = size_bytes
        self.beat()

    def settle(self, size_bytes: int) -> None:
        """The file at hand is done; the next one begins."""
        self._settled_bytes += size_bytes
        self.at(0)

    def beat(self) -> None:
        self._on_bytes(self._settled_bytes + self._current_bytes, self._total_bytes)
