"""What people read. Plain lines where nobody looks at a terminal."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

ShowStatus = Callable[[str], None]


class _PipeSafeConsole(Console):
    """A terminal that was closed, or a reader that went away, ends the messages and not the service."""

    def on_broken_pipe(self) -> None:
        self.quiet = True

    def print(self, *objects: Any, **options: Any) -> None:
        try:
            super().print(*objects, **options)
        except OSError:
            self.quiet = True


def make_console(*, stderr: bool = False) -> Console:
    """Messages hold paths and URLs: they are shown as they are, and not cut to the width of a window."""
    return _PipeSafeConsole(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def print_json(value: Any, *, in_one_line: bool = False) -> None:
    """For programs, which read it whole or line by line."""
    text = json.dumps(value, ensure_ascii=False, indent=None if in_one_line else 2)
    # Not by a console: that would tell of broken pipes nobody, and programs go by them.
    print(text, flush=True)


@contextmanager
def show_waiting(console: Console, *, plain: bool = True) -> Iterator[ShowStatus]:
    """A spinner with what is being waited for; where there is no terminal a line each, if `plain`."""
    if not console.is_terminal:
        yield lambda what: console.print(f"Waiting for {what} …") if plain else None
        return
    with console.status("Starting …") as spinner:
        yield lambda what: spinner.update(f"Waiting for {what} …")
