"""What people read. Plain lines where nobody looks at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

Say = Callable[[str], None]


def make_console(*, stderr: bool = False) -> Console:
    """Messages hold paths and URLs: they are shown as they are, and not cut to the width of a window."""
    return Console(stderr=stderr, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def waiting(console: Console, *, plain: bool = True) -> Iterator[Say]:
    """A spinner with what is being waited for; where there is no terminal a line each, if `plain`."""
    if not console.is_terminal:
        yield lambda what: console.print(f"Waiting for {what} …") if plain else None
        return
    with console.status("Starting …") as spinner:
        yield lambda what: spinner.update(f"Waiting for {what} …")
