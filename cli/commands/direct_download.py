"""Downloads models into a folder without a service, for `scripts/download_models.py`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from cli.commands.connect import INTERRUPTED
from cli.commands.model_names import unknown_names_message
from cli.output.console import make_console
from cli.output.progress import DownloadBars
from common.catalogue.download_items import DownloadItem, find_items, needed_items
from common.errors import NotFound, OratioError
from common.settings import Settings
from worker.hub.errors import DownloadError
from worker.ops.download_dispatch import download_item


def download_models(settings: Settings, names: Sequence[str], *, folder: Path, endpoint: str) -> int:
    """Return the exit status: 2 for an unknown name, 1 if a download failed, 130 on Ctrl-C."""
    console, errors = make_console(), make_console(stderr=True)
    try:
        items = _items(names, settings)
    except OratioError as error:
        errors.print(unknown_names_message(names) if isinstance(error, NotFound) else error.message)
        return 2
    try:
        return _download_all(items, settings, folder=folder, endpoint=endpoint, console=console)
    except KeyboardInterrupt:
        errors.print("Stopped. The next run continues the unfinished downloads.")
        return INTERRUPTED


def _items(names: Sequence[str], settings: Settings) -> list[DownloadItem]:
    if not names:
        return list(needed_items(optional=settings.optional_model_names))
    return list(dict.fromkeys(item for name in names for item in find_items(name)))


def _download_all(
    items: list[DownloadItem], settings: Settings, *, folder: Path, endpoint: str, console: Console
) -> int:
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    failures = []
    with DownloadBars(console, [item.name for item in items]) as progress:
        for item in items:
            try:
                show = partial(progress.show, item.name)
                download_item(item, folder, endpoint=endpoint, token=token, on_bytes=show)
                progress.end(item.name, succeeded=True)
            except DownloadError as error:
                progress.end(item.name, succeeded=False)
                failures.append(f"{item.name}: {error.message}")
    for failure in failures:
        make_console(stderr=True).print(failure)
    return 1 if failures else 0
