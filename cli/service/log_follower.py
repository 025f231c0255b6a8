"""Prints the logs of all processes while they are written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

_READ_INTERVAL_S = 0.2


@contextmanager
def follow_logs(folder: Path, *, report: Callable[[str], None]) -> Iterator[None]:
    """Report each new line of every log in the folder, with the name of the log, while the block runs."""
    read = {log: log.stat().st_size for log in folder.glob("*.log")}
    done = Event()
    thread = Thread(target=_follow, args=(folder, read, done, report), name="follow", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _follow(folder: Path, read: dict[Path, int], done: Event, report: Callable[[str], None]) -> None:
    is_last_read = False
    while not is_last_read:
        is_last_read = done.wait(_READ_INTERVAL_S)
        for log in sorted(folder.glob("*.log")):
            with suppress(Exception):  # the log was rotated just now, or nobody reads the reports any more
                read[log] = _report_new(log, read.get(log, 0), report)


def _report_new(log: Path, start: int, report: Callable[[str], None]) -> int:
    """Report the complete lines after `start`; return the offset behind them, where the next read starts."""
    if log.stat().st_size < start:
        start = 0
    with log.open("rb") as handle:
        handle.seek(start)
        new_bytes = handle.read()
    whole_lines = new_bytes.rpartition(b"\n")[0]
    for line in whole_lines.splitlines():
        report(f"{log.stem:<10} {line.decode(errors='replace')}")
    return start + (len(whole_lines) + 1 if whole_lines else 0)
