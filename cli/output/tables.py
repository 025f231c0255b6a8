"""Prints lists as tables."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.cells import cell_len, set_cell_size
from rich.console import Console

_GAP = "  "
# A narrower column of text would be useless.
_MIN_LAST_WIDTH = 20
# Without a terminal; --json prints texts in full.
_MAX_LAST_WIDTH = 200


def show_table(
    console: Console,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    max_width: int = _MAX_LAST_WIDTH,
) -> None:
    """Print a line for each row.

    The last column is truncated to the width of the terminal, or to `max_width` without one.
    """
    cells = [[single_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)][:-1]
    last_width = max_width
    if console.is_terminal:
        last_width = max(_MIN_LAST_WIDTH, console.width - sum(widths) - len(_GAP) * len(widths))
    console.print(_line(columns, widths, last_width), style="bold")
    for row in cells:
        console.print(_line(row, widths, last_width))


def single_line(text: str) -> str:
    """Return the text on one line without control characters, because texts come from other people."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def local_time(when: datetime | None) -> str:
    """Return the time in the time zone of `time_zone_name`, empty for None."""
    return when.astimezone(_local_now().tzinfo).strftime("%Y-%m-%d %H:%M:%S") if when else ""


def time_zone_name() -> str:
    """Return the name of the machine's time zone now, such as CEST."""
    return _local_now().tzname() or "local time"


def _local_now() -> datetime:
    return datetime.now(UTC).astimezone()


def _line(cells: Sequence[str], widths: Sequence[int], last_width: int) -> str:
    *first, last = cells
    padded = [set_cell_size(cell, width) for cell, width in zip(first, widths, strict=True)]
    return _GAP.join([*padded, _truncate(last, last_width)]).rstrip()


def _truncate(text: str, last_width: int) -> str:
    return text if cell_len(text) <= last_width else f"{set_cell_size(text, last_width - 1).rstrip()}…"
