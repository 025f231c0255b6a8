"""Downloads any item into the models folder: weights from the hub, or a voice of hibari through its package."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from common.catalogue import find_weights
from common.catalogue.download_items import HIBARI, DownloadItem
from worker.hub import fetch_weights
from worker.hub.errors import DownloadError


def download_item(
    item: DownloadItem, root: Path, *, endpoint: str, token: str | None, on_bytes: Callable[[int, int], None]
) -> None:
    """Download `item` into the models folder `root`. A later call resumes an interrupted download.

    Calls `on_bytes(done, total)` often; an exception that it raises ends the download. Raises DownloadError.
    """
    if item.model == HIBARI:
        _download_hibari_voice(item.item, root, endpoint=endpoint, on_bytes=on_bytes)
        return
    try:
        weights = find_weights(item.item)
    except KeyError:
        raise unknown_item_error() from None
    fetch_weights(weights, root, endpoint=endpoint, token=token, on_bytes=on_bytes)


def unknown_item_error() -> DownloadError:
    return DownloadError(
        "download_failed",
        "The worker runs an older release that does not know this item: update it.",
    )


def _download_hibari_voice(
    voice: str, root: Path, *, endpoint: str, on_bytes: Callable[[int, int], None]
) -> None:
    from hibari import voices as hibari_voices

    from worker.engines.hibari import download
    from worker.engines.hibari.engine import find_voice_file

    if voice not in hibari_voices.VOICES:
        raise unknown_item_error()
    if find_voice_file(voice, voices_dir=root / HIBARI) is not None:
        return
    # Use the hub of the settings instead of the one in the package.
    base_url = endpoint.rstrip("/") + urlsplit(hibari_voices.BASE_URL).path
    download.download_voice(voice, root, on_bytes, base_url=base_url)
