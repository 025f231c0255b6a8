"""What is about to be fetched, and which of it no worker here could speak."""

from collections.abc import Iterator, Sequence

from cli.service.worker_groups import FLAVOURS, is_ready
from common.catalogue import MODELS
from common.catalogue.download_items import Item

# About what one set of weights takes, or one voice of hibari; the service knows better only once it has begun.
_APPROX_MB = {"hibari": 8, "kokoro": 350, "parler": 3800, "bark": 1700, "speecht5": 650, "mms": 150}


def download_summary(items: Sequence[Item]) -> str:
    gigabytes = sum(_APPROX_MB[item.model] for item in items) / 1000
    return f"Fetching {', '.join(item.name for item in items)}: about {gigabytes:.1f} GB."


def environment_hints(items: Sequence[Item]) -> Iterator[str]:
    """Fetching for another machine is fine, so this is no more than a hint."""
    families = {item.model for item in items}
    for flavour, models in FLAVOURS.items():
        names = [MODELS[model].name for model in models if model in families]
        if names and not is_ready(flavour):
            verb = "is" if len(names) == 1 else "are"
            yield (
                f"{', '.join(names)} {verb} spoken by workers of the environment {flavour}, which is not here: "
                f"make setup-{flavour}"
            )
