"""Shows the progress of downloads and jobs: bars on a terminal, lines of text elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from cli import client

_PRINT_EVERY_PERCENT = 10


class DownloadBars:
    """One bar for each download, or a line for every ten percent without a terminal. Not thread-safe.

    Use it as `with DownloadBars(console, names) as progress:`.
    """

    def __init__(self, console: Console, names: list[str]) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description}"),
            TextColumn("{task.fields[state]}"),
            *map(
                _WhenSizeKnown, (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
            ),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {
            name: self._bars.add_task(name, total=None, start=False, state="queued") for name in names
        }
        self._percents: dict[str, int] = {}
        self._failed: list[str] = []

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in self._failed:
            # The caller prints why it failed, so the bar need not stay on the screen.
            self._bars.update(self._tasks[name], visible=False)
        self._bars.stop()

    def show(self, name: str, done_bytes: int, total_bytes: int) -> None:
        """Update the bar. Does nothing while the total is unknown (0)."""
        if not total_bytes:
            return
        if name not in self._percents:
            # Bytes that were present before must not count for the speed.
            self._bars.reset(self._tasks[name], total=total_bytes, completed=done_bytes, state="")
        self._bars.update(self._tasks[name], total=total_bytes, completed=done_bytes)
        self._print_percent(name, done_bytes, total_bytes)

    def end(self, name: str, *, succeeded: bool) -> None:
        state = "done" if succeeded else "failed"
        if not succeeded:
            self._failed.append(name)
        self._bars.update(self._tasks[name], state=state)
        self._bars.stop_task(self._tasks[name])
        if not self._console.is_terminal:
            self._console.print(f"{name}: {state}")

    def _print_percent(self, name: str, done_bytes: int, total_bytes: int) -> None:
        percent = 100 * done_bytes // total_bytes
        last = self._percents.setdefault(name, -_PRINT_EVERY_PERCENT)
        if percent // _PRINT_EVERY_PERCENT > last // _PRINT_EVERY_PERCENT:
            self._percents[name] = percent
            if not self._console.is_terminal:
                self._console.print(f"{name}: {percent} % of {decimal(total_bytes)}")


@contextmanager
def job_progress(console: Console) -> Iterator[Callable[[client.Progress], None]]:
    """Yield a function that updates a bar of the segments of a job. The bar disappears when the block ends.

    Shows nothing without a terminal.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Synthesizing", total=None)
        yield lambda progress: bar.update(
            task, completed=progress.segments_done, total=progress.segments_total
        )


class _WhenSizeKnown(ProgressColumn):
    """A column that is empty while the size is unknown."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self._column = column

    def render(self, task: Task) -> RenderableType:
        return self._column(task) if task.total else Text()
