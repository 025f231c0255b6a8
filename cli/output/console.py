"""Console output for people and for programs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

ShowStatus = Callable[[str], None]


class _PipeSafeConsole(Console):
    """A console that goes silent, instead of ending the service, when its terminal or pipe is closed."""

    def on_broken_pipe(self) -> None:
        self.quiet = True

    def print(self, *objects: Any, **options: Any) -> None:
        try:
            super().print(*objects, **options)
        except OSError:
            self.quiet = True


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that prints messages unchanged: no markup, no emoji, no wrapping of paths and URLs."""
    return _PipeSafeConsole(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def print_json(value: Any, *, in_one_line: bool = False) -> None:
    """Print a value as JSON, indented or as one line."""
    text = json.dumps(value, ensure_ascii=False, indent=None if in_one_line else 2)
    # Not with a console, which ignores broken pipes: programs rely on them.
    print(text, flush=True)


@contextmanager
def show_waiting(console: Console, *, plain: bool = True) -> Iterator[ShowStatus]:
    """Yield a function that shows what the command waits for: a spinner on a terminal, else a line each if `plain`."""
    if not console.is_terminal:
        yield lambda what: console.print(f"Waiting for {what} …") if plain else None
        return
    with console.status("Starting …") as spinner:
        yield lambda what: spinner.update(f"Waiting for {what} …")
