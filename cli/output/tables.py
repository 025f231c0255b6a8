"""How lists look."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.cells import cell_len, set_cell_size
from rich.console import Console

_GAP = "  "
# A text is worth showing only in so much room.
_LEAST_ROOM = 20
# For what is no terminal; whoever wants all of it says --json.
_ROOM = 200


def show_table(
    console: Console, columns: Sequence[str], rows: Iterable[Sequence[str]], *, most: int = _ROOM
) -> None:
    """A line each; the last column is cut to what room is left, and to `most` where it is no terminal."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)][:-1]
    room = most
    if console.is_terminal:
        room = max(_LEAST_ROOM, console.width - sum(widths) - len(_GAP) * len(widths))
    console.print(_line(columns, widths, room), style="bold")
    for row in cells:
        console.print(_line(row, widths, room))


def plain(text: str) -> str:
    """In one line, without what a terminal would obey: texts are other people's."""
    return "".join(one for one in " ".join(text.split()) if one.isprintable())


def local_time(when: datetime | None) -> str:
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S") if when else ""


def _line(cells: Sequence[str], widths: Sequence[int], room: int) -> str:
    *first, last = cells
    padded = [set_cell_size(cell, width) for cell, width in zip(first, widths, strict=True)]
    return _GAP.join([*padded, _cut(last, room)]).rstrip()


def _cut(text: str, room: int) -> str:
    return text if cell_len(text) <= room else f"{set_cell_size(text, room - 1).rstrip()}…"
