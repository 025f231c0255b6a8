"""The progress of a download over all of its files."""

from collections.abc import Callable


class DownloadProgress:
    """Calls `on_bytes(done, total)`.

    Existing and verified bytes count as done, so that the progress of a resumed download does not start at 0.
    """

    def __init__(self, on_bytes: Callable[[int, int], None], *, total_bytes: int = 0) -> None:
        self._on_bytes = on_bytes
        self._total_bytes = total_bytes
        self._finished_bytes = 0
        self._current_bytes = 0

    def set_total(self, total_bytes: int) -> None:
        self._total_bytes = total_bytes
        self.report()

    def set_current(self, size_bytes: int) -> None:
        """Set the bytes of the current file."""
        self._current_bytes = size_bytes
        self.report()

    def finish_file(self, size_bytes: int) -> None:
        """Count the current file as finished and start the next one."""
        self._finished_bytes += size_bytes
        self.set_current(0)

    def report(self) -> None:
        self._on_bytes(self._finished_bytes + self._current_bytes, self._total_bytes)
