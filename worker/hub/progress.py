"""How far all files together are."""

from collections.abc import Callable


class DownloadProgress:
    """What is there and was checked counts as done, so that what is resumed begins where it stopped."""

    def __init__(self, on_bytes: Callable[[int, int], None], *, total_bytes: int = 0) -> None:
        self._on_bytes = on_bytes
        self._total_bytes = total_bytes
        self._finished_bytes = 0
        self._current_bytes = 0

    def set_total(self, total_bytes: int) -> None:
        self._total_bytes = total_bytes
        self.report()

    def set_current(self, size_bytes: int) -> None:
        """Of the file at hand."""
        self._current_bytes = size_bytes
        self.report()

    def finish_file(self, size_bytes: int) -> None:
        """The file at hand is done; the next one begins."""
        self._finished_bytes += size_bytes
        self.set_current(0)

    def report(self) -> None:
        self._on_bytes(self._finished_bytes + self._current_bytes, self._total_bytes)
