"""Models into a folder, without a service: what `scripts/download_models.py` does."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from cli.commands.model_names import no_such
from cli.output.console import make_console
from cli.output.progress import Board
from common.catalogue.download_items import Item, items_named, needed_items
from common.errors import NotFound, OratioError
from common.settings import Settings
from worker.hub.errors import DownloadError
from worker.ops.download_dispatch import download_item

INTERRUPTED = 130


def fetch(settings: Settings, names: Sequence[str], *, folder: Path, endpoint: str) -> int:
    """The exit status: 2 for a name that nobody knows, 1 when something could not be fetched."""
    console, errors = make_console(), make_console(stderr=True)
    try:
        items = _items(names, settings)
    except OratioError as error:
        errors.print(no_such(names) if isinstance(error, NotFound) else error.message)
        return 2
    try:
        return _fetch_all(items, settings, folder=folder, endpoint=endpoint, console=console)
    except KeyboardInterrupt:
        errors.print("Stopped. The next run goes on where this one stopped.")
        return INTERRUPTED


def _items(names: Sequence[str], settings: Settings) -> list[Item]:
    if not names:
        return list(needed_items(optional=settings.optional_model_names))
    return list(dict.fromkeys(item for name in names for item in items_named(name)))


def _fetch_all(
    items: list[Item], settings: Settings, *, folder: Path, endpoint: str, console: Console
) -> int:
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    failures = []
    with Board(console, [item.name for item in items]) as board:
        for item in items:
            try:
                show = partial(board.show, item.name)
                download_item(item, folder, endpoint=endpoint, token=token, on_bytes=show)
                board.end(item.name, well=True)
            except DownloadError as error:
                board.end(item.name, well=False)
                failures.append(f"{item.name}: {error.message}")
    for failure in failures:
        make_console(stderr=True).print(failure)
    return 1 if failures else 0
