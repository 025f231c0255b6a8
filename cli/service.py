"""A service for one command: the one that runs, or a small one of its own."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console

from cli.claim import AlreadyRunning
from cli.console import Say, waiting
from cli.crews import crews
from cli.finding import at, find
from cli.stack import Stack
from common.settings import Settings

_TURN_WITHIN_S = 300.0
_LOOK_EVERY_S = 0.3


@contextmanager
def borrowed(settings: Settings, *, url: str | None, console: Console) -> Iterator[str]:
    """Its address. Raises NotFound for a `url` without one of ours, else what Stack raises."""
    if running := at(url) if url else find(settings):
        yield running
        return
    console.print("No service runs here: starting one for this text. (`oratio up` keeps one running.)")
    with ExitStack() as around:
        with waiting(console, plain=False) as progress:
            url = _enter(settings, around, progress)
        yield url


def _enter(settings: Settings, around: ExitStack, progress: Say) -> str:
    """Whoever else is just starting on this data folder is waited for, and used if it stays."""
    small = settings.model_copy(update={"host": "127.0.0.1", "port": 0})
    everyone = crews(settings, workers=1)
    give_up_at = time.monotonic() + _TURN_WITHIN_S
    while True:
        # Not for others to find: it ends with this command.
        stack = Stack(small, crews=everyone, purpose="oratio say", publish=False, progress=progress)
        try:
            return around.enter_context(stack).url
        except AlreadyRunning as error:
            if time.monotonic() > give_up_at:
                raise
            progress(error.owner)
        time.sleep(_LOOK_EVERY_S)
        if running := find(settings):
            return running
