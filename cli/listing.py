"""How lists look."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table

_GAP = 2
# A text is worth showing only in so much room.
_LEAST_ROOM = 20
_WIDE = 10_000


def show_table(console: Console, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A line each. On a terminal the last column is cut to what room is left; programs get it whole."""
    cells = [[plain(cell) for cell in row] for row in rows]
    if console.is_terminal:
        taken = [max(cell_len(row[at]) for row in (columns, *cells)) for at in range(len(columns) - 1)]
        room = max(_LEAST_ROOM, console.width - sum(taken) - _GAP * len(taken))
        cells = [[*row[:-1], _cut(row[-1], room)] for row in cells]
    table = Table(*columns, box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    for row in cells:
        table.add_row(*row)
    console.print(table, width=_WIDE)


def plain(text: str) -> str:
    """In one line, without what a terminal would obey: texts are other people's."""
    return "".join(one for one in " ".join(text.split()) if one.isprintable())


def local_time(when: datetime | None) -> str:
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S") if when else ""


def _cut(text: str, room: int) -> str:
    return text if cell_len(text) <= room else f"{set_cell_size(text, room - 1).rstrip()}…"
