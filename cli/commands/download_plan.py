"""Describes a download before it starts: its size, and the environments its models need."""

from collections.abc import Iterator, Sequence

from cli.service.worker_groups import FLAVOURS, is_ready
from common.catalogue import MODELS
from common.catalogue.download_items import DownloadItem

# Approximate size of one set of weights, or of one voice of hibari. The exact size is known once the download runs.
_APPROX_MB = {"hibari": 8, "kokoro": 350, "parler": 3800, "bark": 1700, "speecht5": 650, "mms": 150}


def download_summary(items: Sequence[DownloadItem]) -> str:
    gigabytes = sum(_APPROX_MB[item.model] for item in items) / 1000
    return f"Downloading {', '.join(item.name for item in items)}: about {gigabytes:.1f} GB."


def environment_hints(items: Sequence[DownloadItem]) -> Iterator[str]:
    """Yield a hint for each environment that `items` need and that is not set up here.

    A download may be meant for another machine, so this is not an error.
    """
    families = {item.model for item in items}
    for flavour, models in FLAVOURS.items():
        names = [MODELS[model].name for model in models if model in families]
        if names and not is_ready(flavour):
            verb = "needs" if len(names) == 1 else "need"
            yield (
                f"{', '.join(names)} {verb} the environment {flavour}, which is not installed here. Install it with: "
                f"make setup-{flavour}"
            )
