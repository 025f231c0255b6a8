"""What processes write to their logs, as they write it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

_EVERY_S = 0.2


@contextmanager
def follow_logs(folder: Path, *, report: Callable[[str], None]) -> Iterator[None]:
    """Tell every line that is added to a log of the folder, with the log's name before it."""
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
    last_look = False
    while not last_look:
        last_look = done.wait(_EVERY_S)
        for log in sorted(folder.glob("*.log")):
            read[log] = _report_new(log, read.get(log, 0), report)


def _report_new(log: Path, start: int, report: Callable[[str], None]) -> int:
    """Where the next look begins: after the last whole line."""
    if log.stat().st_size < start:
        start = 0
    with log.open("rb") as handle:
        handle.seek(start)
        added = handle.read()
    whole = added.rpartition(b"\n")[0]
    for line in whole.splitlines():
        report(f"{log.stem:<10} {line.decode(errors='replace')}")
    return start + (len(whole) + 1 if whole else 0)
